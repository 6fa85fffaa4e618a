import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos, PermissionViolationError } from '@nats-io/transport-node';
import { DEFAULT_RETENTION_DAYS, streamAges } from '#domain';
import { DELIVERIES, EVENTS, JOURNAL } from './subjects.js';

export interface TopologySettings {
  dedupWindowSeconds: number;
  /** For how long the stream keeps what it holds; it follows the record when this is left out (StreamAges). */
  eventsMaxAgeHours?: number | undefined;
  /** The same of JOURNAL. */
  journalMaxAgeHours?: number | undefined;
  /** On how many servers of a cluster each stream and bucket is kept. */
  replicas: number;
}

const HOUR_MS = 3_600_000;
const STREAM_NOT_FOUND = 10_059;
/** With other settings; with the same ones, adding it again is no error. */
const STREAM_EXISTS = 10_058;
/** The same of a consumer. */
const CONSUMER_EXISTS = 10_148;
/** nats-server allows 1,000 consumers a stream unless told otherwise; lanes need one each while they drain. */
const MAX_CONSUMERS = 10_000;

/** For how long streams keep what they hold where no setting says so, in hours. */
export interface StreamAges {
  events: number;
  journal: number;
}

/** Of streams that are made by an app that does not know the tenants. */
const AGES_TO_BEGIN_WITH: StreamAges = streamAges(DEFAULT_RETENTION_DAYS, 0);

/** A stream whose plan says no age keeps the one that it has. */
type StreamPlan = Partial<StreamConfig> & { name: string; ageToBeginWith?: number };

function streamPlans(settings: TopologySettings, ages: StreamAges | undefined): StreamPlan[] {
  const common = { storage: StorageType.File, allow_direct: true, num_replicas: settings.replicas };
  return [
    {
      ...common,
      name: EVENTS,
      subjects: ['events.>'],
      retention: RetentionPolicy.Limits,
      ...ageOf(settings.eventsMaxAgeHours ?? ages?.events, AGES_TO_BEGIN_WITH.events),
      duplicate_window: nanos(settings.dedupWindowSeconds * 1000),
    },
    {
      ...common,
      name: DELIVERIES,
      subjects: ['deliveries.ready.*.*', 'deliveries.lane.*', 'deliveries.later.*.*'],
      retention: RetentionPolicy.Workqueue,
      // A stream with schedules refuses `discard: new`, and max_age would delete schedules silently.
      discard: DiscardPolicy.Old,
      allow_msg_schedules: true,
      max_consumers: MAX_CONSUMERS,
      duplicate_window: nanos(settings.dedupWindowSeconds * 1000),
    },
    {
      ...common,
      name: JOURNAL,
      subjects: ['journal.>'],
      retention: RetentionPolicy.Limits,
      ...ageOf(settings.journalMaxAgeHours ?? ages?.journal, AGES_TO_BEGIN_WITH.journal),
    },
  ];
}

function ageOf(
  hours: number | undefined,
  toBeginWith: number,
): Pick<StreamPlan, 'max_age' | 'ageToBeginWith'> {
  return hours === undefined
    ? { ageToBeginWith: nanos(toBeginWith * HOUR_MS) }
    : { max_age: nanos(hours * HOUR_MS) };
}

/**
 * Makes the streams, or brings them to today's settings. Any number of
 * processes may do so at once. Making is tried first: that changes nothing
 * where there is a stream, so every app may be allowed to, and changing may be
 * left to the admin API (k8s/nats/tidings.conf).
 * @param ages for streams whose age no setting says; left out by who does not know them
 */
export async function ensureStreams(
  manager: JetStreamManager,
  settings: TopologySettings,
  ages?: StreamAges,
): Promise<void> {
  for (const { ageToBeginWith, ...plan } of streamPlans(settings, ages)) {
    try {
      await manager.streams.add(ageToBeginWith === undefined ? plan : { ...plan, max_age: ageToBeginWith });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_EXISTS) throw error;
      // What a plan does not say stays as it is.
      await unlessForbidden(() => manager.streams.update(plan.name, plan));
    }
  }
}

/** Does what only some of our users may do in NATS; for the others nothing happens. */
export async function unlessForbidden(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

function isForbidden(error: unknown): boolean {
  if (error instanceof PermissionViolationError) return true;
  return error instanceof Error && error.cause !== undefined && isForbidden(error.cause);
}

/** A durable consumer that all replicas of an app share. */
export interface ConsumerPlan {
  stream: string;
  durable: string;
  /** A subject with or without wildcards, or several of which none holds another. */
  filter: string | string[];
  /** Where a consumer that is new begins: `lately` is an hour ago; at the beginning when left out. */
  start?: 'new' | 'lately' | 'all';
  /** How long a message may go without a sign of life before it is given to someone else. */
  ackWaitMs: number;
  /** Messages that may be out at once, over all replicas. */
  maxAckPending: number;
  /** For a consumer that is there for a while only: it goes when nobody has pulled for so long. */
  abandonedAfterMs?: number;
  /**
   * For a consumer whose place is known from its stream alone, such as one of a work queue: the server then does
   * not store how far it is. It writes a new file for that ten times a second for each consumer that is busy, and
   * with 64 of them and more those took more of its time than messages did.
   */
  inMemory?: boolean;
  /** Leaves the payloads out of what is handed out. */
  headersOnly?: boolean;
}

function beginningOf(start: ConsumerPlan['start']): Partial<ConsumerConfig> {
  if (start === 'new') return { deliver_policy: DeliverPolicy.New };
  if (start !== 'lately') return { deliver_policy: DeliverPolicy.All };
  const opt_start_time = new Date(Date.now() - HOUR_MS).toISOString();
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time };
}

/** Makes a durable consumer, or brings it to today's settings; what it had acknowledged stays acknowledged. */
export async function ensureConsumer(manager: JetStreamManager, plan: ConsumerPlan): Promise<void> {
  const config: Partial<ConsumerConfig> = {
    durable_name: plan.durable,
    ...(typeof plan.filter === 'string' ? { filter_subject: plan.filter } : { filter_subjects: plan.filter }),
    ack_policy: AckPolicy.Explicit,
    ...beginningOf(plan.start),
    ack_wait: nanos(plan.ackWaitMs),
    max_ack_pending: plan.maxAckPending,
    max_deliver: -1,
    ...(plan.inMemory ? { mem_storage: true } : {}),
    ...(plan.headersOnly ? { headers_only: true } : {}),
    ...(plan.abandonedAfterMs === undefined ? {} : { inactive_threshold: nanos(plan.abandonedAfterMs) }),
  };
  try {
    await manager.consumers.add(plan.stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    // Where it began is past; the server refuses to change that.
    const { deliver_policy: _began, opt_start_time: _at, ...changeable } = config;
    await manager.consumers.update(plan.stream, plan.durable, changeable);
  }
}

/** Whether a stream is there. */
export async function hasStream(manager: JetStreamManager, name: string): Promise<boolean> {
  try {
    await manager.streams.info(name);
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return false;
    throw error;
  }
}
