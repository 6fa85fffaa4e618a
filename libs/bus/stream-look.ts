import { jetstream, JetStreamApiError, type JetStreamManager, type SeqMsgRequest } from '@nats-io/jetstream';
import type { Wires } from './connection.js';
import { ROUTING } from './routing-floors.js';
import { DELIVERIES, EVENTS, JOURNAL } from './subjects.js';

/** Short, for whoever looks waits. */
const ANSWER_MS = 2_000;
const NANOS = 1e9;
const CONSUMER_NOT_FOUND = 10_014;
const NO_MESSAGE = 10_037;

/** A durable consumer of ours, by its stream and its name. */
export interface WatchedConsumer {
  stream: string;
  consumer: string;
}

/** The consumers that all replicas of the subscriber share. */
const SHARED_CONSUMERS: readonly WatchedConsumer[] = [
  { stream: EVENTS, consumer: ROUTING },
  { stream: JOURNAL, consumer: 'projections' },
  { stream: JOURNAL, consumer: 'refusals' },
  { stream: JOURNAL, consumer: 'operational-events' },
  { stream: EVENTS, consumer: 'operational-notices' },
];

export interface StreamFigures {
  name: string;
  messages: number;
  bytes: number;
  first_sequence: number;
  last_sequence: number;
  /** Milliseconds since 1970; null when the stream is empty. */
  first_at: number | null;
  last_at: number | null;
  /** For how long messages are kept; null for as long as they are owed. */
  max_age_seconds: number | null;
  /** How large it may become; null for as large as the server's store. */
  max_bytes: number | null;
}

export interface ConsumerFigures extends WatchedConsumer {
  /** Messages that it has not handed out yet. */
  pending: number;
  /** Messages that were handed out and not acknowledged. */
  ack_pending: number;
  /** Of those, the ones that were handed out before. */
  redelivered: number;
  /** The age of the oldest message that is not acknowledged, whether anyone reads or not; 0 when there is none. */
  lag_seconds: number;
}

/** How many deliveries are owed, by where they are: ready, in a lane, or scheduled for later. */
export interface QueueFigures {
  ready: number;
  lane: number;
  later: number;
}

/** What our account stores in all its streams and buckets, in bytes. */
export interface StoreFigures {
  bytes: number;
  /** Null where the account has no limit but the server's disk. */
  max_bytes: number | null;
}

export interface BusFigures {
  store: StoreFigures;
  streams: StreamFigures[];
  /** Without those that were never made. */
  consumers: ConsumerFigures[];
  queue: QueueFigures;
}

/**
 * Looks at the streams and at who reads them, with some ten requests; not to be asked for each of many.
 * @param further consumers besides those that all subscribers share
 * @throws when NATS cannot be asked
 */
export async function lookAtStreams(
  { connection }: Pick<Wires, 'connection'>,
  further: readonly WatchedConsumer[] = [],
): Promise<BusFigures> {
  const manager = await jetstream(connection, { timeout: ANSWER_MS }).jetstreamManager(false);
  const [store, streams, read, ready, lane] = await Promise.all([
    storeFigures(manager),
    Promise.all([EVENTS, DELIVERIES, JOURNAL].map((name) => streamFigures(manager, name))),
    Promise.all([...SHARED_CONSUMERS, ...further].map((consumer) => consumerFigures(manager, consumer))),
    countOf(manager, 'deliveries.ready.>'),
    countOf(manager, 'deliveries.lane.*'),
  ]);
  const queued = streams.find(({ name }) => name === DELIVERIES)?.messages ?? 0;
  return {
    store,
    streams,
    consumers: read.filter((figures) => figures !== undefined),
    // Each schedule has a subject of its own, too many to ask for: they are what is neither ready nor in a lane.
    queue: { ready, lane, later: Math.max(0, queued - ready - lane) },
  };
}

async function storeFigures(manager: JetStreamManager): Promise<StoreFigures> {
  const { storage, limits } = await manager.getAccountInfo();
  return { bytes: storage, max_bytes: limits.max_storage > 0 ? limits.max_storage : null };
}

async function streamFigures(manager: JetStreamManager, name: string): Promise<StreamFigures> {
  const { config, state } = await manager.streams.info(name);
  const time = (text: string) => (state.messages === 0 ? null : Date.parse(text));
  return {
    name,
    messages: state.messages,
    bytes: state.bytes,
    first_sequence: state.first_seq,
    last_sequence: state.last_seq,
    first_at: time(state.first_ts),
    last_at: time(state.last_ts),
    max_age_seconds: config.max_age > 0 ? config.max_age / NANOS : null,
    max_bytes: config.max_bytes > 0 ? config.max_bytes : null,
  };
}

async function consumerFigures(
  manager: JetStreamManager,
  { stream, consumer }: WatchedConsumer,
): Promise<ConsumerFigures | undefined> {
  const now = Date.now();
  try {
    const info = await manager.consumers.info(stream, consumer);
    const { num_pending: pending, num_ack_pending: ack_pending, num_redelivered: redelivered } = info;
    const figures = { stream, consumer, pending, ack_pending, redelivered, lag_seconds: 0 };
    if (pending === 0 && ack_pending === 0) return figures;
    const { filter_subject, filter_subjects } = info.config;
    const filters = filter_subjects ?? [filter_subject || '>'];
    const oldest = await Promise.all(
      filters.map((filter) => storedAt(manager, stream, info.ack_floor.stream_seq + 1, filter)),
    );
    return { ...figures, lag_seconds: Math.max(0, now - Math.min(now, ...oldest)) / 1_000 };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return undefined;
    throw error;
  }
}

/** When the first message from a sequence on was stored that is in the filter, milliseconds since 1970. */
async function storedAt(
  manager: JetStreamManager,
  stream: string,
  seq: number,
  filter: string,
): Promise<number> {
  try {
    // The server finds the first at or after a sequence; the client's type knows that of its direct API only.
    const first = { seq, next_by_subj: filter } as SeqMsgRequest;
    const message = await manager.streams.getMessage(stream, first);
    return message?.time.getTime() ?? Infinity;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return Infinity;
    throw error;
  }
}

async function countOf(manager: JetStreamManager, filter: string): Promise<number> {
  const { state } = await manager.streams.info(DELIVERIES, { subjects_filter: filter });
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
}
