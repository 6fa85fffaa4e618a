import { Counter, Gauge, type Registry } from 'prom-client';
import type { DisabledReason, RoutingTable } from '#domain';

/** What the subscriber counts. */
export function subscriberMetrics(registry: Registry, table: RoutingTable) {
  const registers = [registry];
  const events = new Counter({
    name: 'tidings_events_total',
    help: 'Events read from EVENTS, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const deliveries = new Counter({
    name: 'tidings_deliveries_routed_total',
    help: 'Deliveries that events owed.',
    registers,
  });
  const facts = new Counter({
    name: 'tidings_facts_projected_total',
    help: 'Journal facts that reached the record.',
    registers,
  });
  const problems = new Counter({
    name: 'tidings_projection_problems_total',
    help: 'Times that a projection could not write.',
    registers,
  });
  const disabled = new Counter({
    name: 'tidings_webhooks_disabled_total',
    help: 'Webhooks that Tidings switched off, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const lag = new Gauge({
    name: 'tidings_projection_lag_seconds',
    help: 'Age of the journal message that was projected last.',
    registers,
  });
  const restored = new Counter({
    name: 'tidings_deliveries_restored_total',
    help: 'Deliveries that were owed and had no message, by what became of them: queued again, or expired.',
    labelNames: ['outcome'],
    registers,
  });
  new Gauge({
    name: 'tidings_routing_webhooks',
    help: 'Webhooks in the routing table.',
    registers,
    collect() {
      this.set(table.size);
    },
  });
  return {
    accepted: (matches: number) => {
      events.inc({ outcome: matches > 0 ? 'matched' : 'unmatched' });
      deliveries.inc(matches);
    },
    rejected: () => events.inc({ outcome: 'rejected' }),
    projected: (count: number, lagMs: number) => {
      facts.inc(count);
      lag.set(lagMs / 1000);
    },
    disabled: (reason: DisabledReason) => disabled.inc({ reason }),
    restored: (queued: number, expired: number) => {
      restored.inc({ outcome: 'queued' }, queued);
      restored.inc({ outcome: 'expired' }, expired);
    },
    projectionProblem: () => problems.inc(),
  };
}
