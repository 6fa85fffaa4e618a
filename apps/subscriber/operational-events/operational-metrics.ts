import { Counter, type Registry } from 'prom-client';
import type { OperationalType } from '#domain';

/** Counts what Tidings tells of itself. */
export function operationalMetrics(registry: Registry): { published: (type: OperationalType) => void } {
  const events = new Counter({
    name: 'tidings_operational_events_total',
    help: 'Operational events that were published, by type.',
    labelNames: ['kind'],
    registers: [registry],
  });
  return { published: (type) => events.inc({ kind: type }) };
}
