import { Counter, Histogram, type Registry } from 'prom-client';
import type { BreakerTurn } from '#domain';
import { readGauge, type Sample } from '#observability';
import type { AttemptCounter } from './attempts/courier.js';
import type { LaneCounts } from './lanes/lane-keeper.js';
import type { Wait } from './lanes/turn.js';

export interface DispatcherGauges {
  webhooks: () => number;
  inFlight: () => number;
  /** Partitions at home here. */
  partitions: () => number;
  lanes: () => LaneCounts;
  /** Breakers of the webhooks at home here. */
  breakers: () => { open: number; half_open: number };
  /** Attempts under way, and deliveries that wait for a place among them. */
  attempts: () => { front: number; behind: number; ready: number; lane: number };
}

const MILLIS = 1_000;
/** Of attempts: from a receiver in the same rack to the longest timeout. */
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Of deliveries: from at once to the last retry of days. */
const DELIVERY_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600, 21_600, 86_400];

/** What the dispatcher counts. */
export function dispatcherMetrics(registry: Registry, gauges: DispatcherGauges) {
  laneMetrics(registry, gauges);
  placeMetrics(registry, gauges);
  return { ...attemptMetrics(registry), ...deliveryMetrics(registry) };
}

function attemptMetrics(registry: Registry): Pick<AttemptCounter, 'attempted'> {
  const registers = [registry];
  const attempts = new Counter({
    name: 'tidings_attempts_total',
    help: 'Attempts made, by what became of the delivery, by the class of the answer (such as 5xx; empty without an answer) and, where there was no 2xx, by the kind of error.',
    labelNames: ['outcome', 'status', 'error'],
    registers,
  });
  const duration = new Histogram({
    name: 'tidings_attempt_duration_seconds',
    help: 'From the beginning, the transform of the webhook included, to the last byte of the answer.',
    buckets: ATTEMPT_BUCKETS,
    registers,
  });
  const firstDelay = new Histogram({
    name: 'tidings_first_attempt_delay_seconds',
    help: 'From when an event was stored until the first attempt of a delivery of it began; what waited in a lane counts too.',
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const successDelay = new Histogram({
    name: 'tidings_delivery_success_delay_seconds',
    help: 'From when a delivery was owed until it succeeded, all attempts and waits included.',
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  return {
    attempted: (attempt, outcome, owed) => {
      const { started_at, duration_ms, response, error, number, trigger } = attempt;
      attempts.inc({ outcome, status: statusClass(response?.status), error: error?.kind ?? '' });
      duration.observe(duration_ms / MILLIS);
      if (number === 1 && trigger === 'auto')
        firstDelay.observe(Math.max(0, started_at - owed.created_at) / MILLIS);
      if (outcome === 'success')
        successDelay.observe(Math.max(0, started_at + duration_ms - owed.owed_at) / MILLIS);
    },
  };
}

function deliveryMetrics(registry: Registry) {
  const registers = [registry];
  const held = new Counter({
    name: 'tidings_deliveries_held_total',
    help: 'Deliveries moved into a lane, by the reason.',
    labelNames: ['reason'],
    registers,
  });
  const cancelled = new Counter({
    name: 'tidings_deliveries_cancelled_total',
    help: 'Deliveries that ended without an attempt: their webhook is gone, a person took them back, or they are too old.',
    registers,
  });
  const turns = new Counter({
    name: 'tidings_breaker_turns_total',
    help: 'Times that a breaker opened, that its probe failed and it stays open (postponed), or that it closed.',
    labelNames: ['turn'],
    registers,
  });
  return {
    held: (reason: Wait) => held.inc({ reason }),
    cancelled: () => cancelled.inc(),
    breakerTurned: (turn: BreakerTurn) => turns.inc({ turn }),
  };
}

function laneMetrics(registry: Registry, gauges: DispatcherGauges): void {
  readGauge(
    registry,
    {
      name: 'tidings_lanes',
      help: 'Lanes of webhooks at home here: those that hold something, and those of them that drain now.',
      labelNames: ['state'],
    },
    () => {
      const { owing, draining } = gauges.lanes();
      return [
        [{ state: 'owing' }, owing],
        [{ state: 'draining' }, draining],
      ];
    },
  );
  readGauge(
    registry,
    {
      name: 'tidings_lanes_held',
      help: 'Lanes of webhooks at home here that hold something and cannot go on now, by the reason.',
      labelNames: ['reason'],
    },
    () => Object.entries(gauges.lanes().held).map(([reason, count]): Sample => [{ reason }, count]),
  );
  readGauge(
    registry,
    {
      name: 'tidings_breakers',
      help: 'Breakers of webhooks at home here that are open, or whose next probe is due or under way (half_open).',
      labelNames: ['state'],
    },
    () => Object.entries(gauges.breakers()).map(([state, count]): Sample => [{ state }, count]),
  );
}

function placeMetrics(registry: Registry, gauges: DispatcherGauges): void {
  readGauge(
    registry,
    { name: 'tidings_dispatcher_webhooks', help: 'Webhooks that the dispatcher knows.' },
    gauges.webhooks,
  );
  readGauge(
    registry,
    { name: 'tidings_deliveries_in_flight', help: 'Deliveries that the dispatcher holds now.' },
    gauges.inFlight,
  );
  readGauge(
    registry,
    {
      name: 'tidings_partitions_owned',
      help: 'Partitions that are at home here; over all dispatchers there are 64.',
    },
    gauges.partitions,
  );
  readGauge(
    registry,
    {
      name: 'tidings_attempts_in_progress',
      help: 'Attempts under way: at the front, or behind it because they take longer than a second.',
      labelNames: ['place'],
    },
    () => {
      const { front, behind } = gauges.attempts();
      return [
        [{ place: 'front' }, front],
        [{ place: 'behind' }, behind],
      ];
    },
  );
  readGauge(
    registry,
    {
      name: 'tidings_attempts_waiting',
      help: 'Deliveries that could be attempted and wait for a place at the front: ready ones, and those from lanes.',
      labelNames: ['line'],
    },
    () => {
      const { ready, lane } = gauges.attempts();
      return [
        [{ line: 'ready' }, ready],
        [{ line: 'lane' }, lane],
      ];
    },
  );
}

function statusClass(status: number | undefined): string {
  return status === undefined ? '' : `${Math.floor(status / 100)}xx`;
}
