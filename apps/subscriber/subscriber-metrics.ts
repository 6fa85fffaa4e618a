import { Counter, Histogram, type Registry } from 'prom-client';
import type { DisabledReason, RoutingTable } from '#domain';
import { readGauge } from '#observability';

const MILLIS = 1_000;
/** From what health shows, some ten milliseconds, to what an outage does. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600];

/** What the subscriber counts. */
export function subscriberMetrics(registry: Registry, table: RoutingTable) {
  readGauge(
    registry,
    { name: 'tidings_routing_webhooks', help: 'Webhooks in the routing table.' },
    () => table.size,
  );
  return { ...routingMetrics(registry), ...projectionMetrics(registry), ...policyMetrics(registry) };
}

function routingMetrics(registry: Registry) {
  const registers = [registry];
  const events = new Counter({
    name: 'tidings_events_total',
    help: 'Events that were routed or rejected: matched by a webhook, by none (unmatched), or rejected; from EVENTS, or from a bound stream (source).',
    labelNames: ['outcome', 'from'],
    registers,
  });
  const rejections = new Counter({
    name: 'tidings_events_rejected_total',
    help: 'Messages that could not be taken as events, by the reason that the record shows.',
    labelNames: ['reason'],
    registers,
  });
  const deliveries = new Counter({
    name: 'tidings_deliveries_routed_total',
    help: 'Deliveries that events owed.',
    registers,
  });
  const delay = new Histogram({
    name: 'tidings_event_routing_seconds',
    help: 'From when an event was stored until all that it owes was queued and its acceptance journaled.',
    buckets: BUCKETS,
    registers,
  });
  return {
    accepted: (matches: number, from: EventOrigin, storedAt: number) => {
      events.inc({ outcome: matches > 0 ? 'matched' : 'unmatched', from });
      deliveries.inc(matches);
      delay.observe(secondsSince(storedAt));
    },
    rejected: (reason: string, from: EventOrigin) => {
      events.inc({ outcome: 'rejected', from });
      rejections.inc({ reason });
    },
  };
}

function projectionMetrics(registry: Registry) {
  const registers = [registry];
  const facts = new Counter({
    name: 'tidings_facts_projected_total',
    help: 'Journal facts that reached the record.',
    registers,
  });
  const problems = new Counter({
    name: 'tidings_projection_problems_total',
    help: 'Times that a projection could not write: the database took nothing, or a fact could not be written.',
    registers,
  });
  const passedOver = new Counter({
    name: 'tidings_facts_passed_over_total',
    help: 'Facts that can never be written, and that the record lacks.',
    registers,
  });
  const delay = new Histogram({
    name: 'tidings_projection_delay_seconds',
    help: 'From when a message of the journal was stored until its facts were in the record.',
    buckets: BUCKETS,
    registers,
  });
  const writing = new Histogram({
    name: 'tidings_projection_write_seconds',
    help: 'How long the writing of a batch of facts took; its count is the number of transactions.',
    buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  return {
    projected: (count: number, storedAt: number) => {
      facts.inc(count);
      delay.observe(secondsSince(storedAt));
    },
    written: (ms: number) => writing.observe(ms / MILLIS),
    projectionProblem: () => problems.inc(),
    passedOver: () => passedOver.inc(),
  };
}

function policyMetrics(registry: Registry) {
  const registers = [registry];
  const disabled = new Counter({
    name: 'tidings_webhooks_disabled_total',
    help: 'Webhooks that Tidings switched off, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const restored = new Counter({
    name: 'tidings_deliveries_restored_total',
    help: 'Deliveries that were owed and had no message, by what became of them: queued again, or expired.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    disabled: (reason: DisabledReason) => disabled.inc({ reason }),
    restored: (queued: number, expired: number) => {
      restored.inc({ outcome: 'queued' }, queued);
      restored.inc({ outcome: 'expired' }, expired);
    },
  };
}

/** Where an event lay: in EVENTS, or in a stream of the user's own. */
export type EventOrigin = 'events' | 'source';

/** @param at by the server's clock, which may be ahead of ours; milliseconds since 1970 */
function secondsSince(at: number): number {
  return Math.max(0, Date.now() - at) / MILLIS;
}
