import type { Registry } from 'prom-client';
import type { PoolFigures } from '#persistence';
import { readGauge } from './read-gauge.js';

/**
 * How this process stands with PostgreSQL. No query is made for it.
 * @param pool how its connections are used; undefined while PostgreSQL was never reached
 */
export function databaseMetrics(registry: Registry, pool: () => PoolFigures | undefined): void {
  readGauge(
    registry,
    {
      name: 'tidings_postgres_connections',
      help: 'Connections of this process, by whether they are busy or idle.',
      labelNames: ['state'],
    },
    () => {
      const used = pool();
      return used && [[{ state: 'busy' }, used.busy] as const, [{ state: 'idle' }, used.idle] as const];
    },
  );
  readGauge(
    registry,
    { name: 'tidings_postgres_max_connections', help: 'Connections that this process may have.' },
    () => pool()?.most,
  );
  readGauge(
    registry,
    {
      name: 'tidings_postgres_waiting',
      help: 'Queries of this process that wait for a connection.',
    },
    () => pool()?.waiting,
  );
}
