import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AttemptCounter } from './attempts/courier.js';

/** What the dispatcher counts. */
export function dispatcherMetrics(
  registry: Registry,
  gauges: {
    webhooks: () => number;
    inFlight: () => number;
    lanes: () => { owing: number; draining: number };
  },
): AttemptCounter & { held: () => void } {
  const registers = [registry];
  const attempts = new Counter({
    name: 'tidings_attempts_total',
    help: 'Attempts made, by what became of the delivery and, where there was no 2xx, by the kind of error.',
    labelNames: ['outcome', 'error'],
    registers,
  });
  const duration = new Histogram({
    name: 'tidings_attempt_duration_seconds',
    help: 'From the beginning, the transform of the webhook included, to the last byte of the answer.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const held = new Counter({
    name: 'tidings_deliveries_held_total',
    help: 'Deliveries moved into a lane.',
    registers,
  });
  const cancelled = new Counter({
    name: 'tidings_deliveries_cancelled_total',
    help: 'Deliveries that ended without an attempt: their webhook is gone, or they are too old.',
    registers,
  });
  new Gauge({
    name: 'tidings_dispatcher_webhooks',
    help: 'Webhooks that the dispatcher knows.',
    registers,
    collect() {
      this.set(gauges.webhooks());
    },
  });
  new Gauge({
    name: 'tidings_deliveries_in_flight',
    help: 'Deliveries that the dispatcher holds now.',
    registers,
    collect() {
      this.set(gauges.inFlight());
    },
  });
  new Gauge({
    name: 'tidings_lanes',
    help: 'Lanes of webhooks at home here: those that hold something, and those of them that drain now.',
    labelNames: ['state'],
    registers,
    collect() {
      const { owing, draining } = gauges.lanes();
      this.set({ state: 'owing' }, owing);
      this.set({ state: 'draining' }, draining);
    },
  });
  return {
    attempted: (attempt, outcome) => {
      attempts.inc({ outcome, error: attempt.error?.kind ?? '' });
      duration.observe(attempt.duration_ms / 1000);
    },
    held: () => held.inc(),
    cancelled: () => cancelled.inc(),
  };
}
