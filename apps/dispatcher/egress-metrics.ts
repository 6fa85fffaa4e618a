import { Counter, type Registry } from 'prom-client';
import type { EgressClient } from '#egress';
import { readGauge } from '#observability';

/** How the connections to receivers, token endpoints and asked owners are used. */
export function egressMetrics(registry: Registry, client: EgressClient): void {
  readGauge(
    registry,
    {
      name: 'tidings_egress_origins',
      help: 'Origins (with a certificate of ours each its own) whose connections are kept.',
    },
    () => client.kept.origins,
  );
  readGauge(
    registry,
    { name: 'tidings_egress_connections', help: 'Open connections to them, idle ones included.' },
    () => client.kept.sockets,
  );
  readGauge(
    registry,
    {
      name: 'tidings_egress_requests',
      help: 'Requests that are under way (running), or for which no connection is there yet (waiting).',
      labelNames: ['state'],
    },
    () => {
      const { running, waiting } = client.requests;
      return [
        [{ state: 'running' }, running],
        [{ state: 'waiting' }, waiting],
      ];
    },
  );
  let told = 0;
  new Counter({
    name: 'tidings_egress_blocked_total',
    help: 'Requests that were not made because their address, port or scheme is not allowed.',
    registers: [registry],
    collect() {
      this.inc(client.blocked - told);
      told = client.blocked;
    },
  });
}
