import { PARTITIONS, type BusFigures, type HomesRead } from '#bus';
import { VERSION } from '#config';
import type { RecordFigures, RelayFigures } from '#persistence';
import type { SystemView } from './system-schemas.js';

/** What NATS and PostgreSQL said; undefined is what one did not say in time. */
export interface SystemSources {
  figures: BusFigures | undefined;
  homes: HomesRead | undefined;
  /** The version of the nats-server. */
  natsVersion: string | undefined;
  database: { version: string; bytes: number } | undefined;
  record: RecordFigures[] | undefined;
  relay: RelayFigures | undefined;
  jobs: { pending: number; running: number } | undefined;
}

export function systemViewOf(sources: SystemSources): SystemView {
  const { figures, homes, database, record, relay, jobs } = sources;
  const natsIsAway = !figures || !homes;
  const postgresIsAway = !database || !record || !relay || !jobs;
  const lagOf = (name: string) =>
    figures?.consumers.find(({ consumer }) => consumer === name)?.lag_seconds ?? null;
  return {
    away: [...(natsIsAway ? ['nats' as const] : []), ...(postgresIsAway ? ['postgres' as const] : [])],
    versions: {
      tidings: VERSION,
      node: process.versions.node,
      nats: natsIsAway ? null : (sources.natsVersion ?? null),
      postgres: database?.version ?? null,
    },
    lag: {
      routing_seconds: lagOf('routing'),
      projection_seconds: lagOf('projections'),
      relay_seconds: relay?.lag_seconds ?? null,
    },
    queue: figures?.queue ?? null,
    replicas: homes ? replicasOf(homes) : null,
    store: figures?.store ?? null,
    streams:
      figures?.streams.map((stream) => ({
        ...stream,
        first_at: shown(stream.first_at),
        last_at: shown(stream.last_at),
      })) ?? null,
    consumers: figures?.consumers.map(({ consumer: name, ...rest }) => ({ name, ...rest })) ?? null,
    relay: relay ? { ...relay, moved_at: relay.moved_at?.toISOString() ?? null } : null,
    database:
      database && record
        ? { bytes: database.bytes, tables: record.map(({ table: name, ...rest }) => ({ name, ...rest })) }
        : null,
    jobs: jobs ?? null,
  };
}

function replicasOf({ members, homes }: HomesRead): NonNullable<SystemView['replicas']> {
  const living = new Set(members.map(({ id }) => id));
  // A lease outlives its holder for a while.
  const held = homes.filter(({ member }) => living.has(member));
  return {
    dispatchers: members.map(({ id, leaving, announced_at }) => ({
      id,
      leaving,
      announced_at: new Date(announced_at).toISOString(),
      partitions: held.filter(({ member }) => member === id).length,
    })),
    partitions: PARTITIONS,
    partitions_without_home: PARTITIONS - held.length,
  };
}

function shown(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
