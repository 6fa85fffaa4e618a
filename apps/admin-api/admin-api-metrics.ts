import { X509Certificate } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';
import type { Bus } from '#bus';
import { busMetrics, databaseMetrics, KeptFigures, readGauge, streamMetrics } from '#observability';
import { ageOfUnfolded, countOpenJobs, poolFigures, readRelay, type DataSource } from '#persistence';
import type { LedgerRelay } from './relay/ledger-relay.js';

/** Two queries of PostgreSQL, however often the metrics are read. */
const KEPT_MS = 5_000;

export interface MeasuredParts {
  database: DataSource;
  bus: Bus;
  relay: LedgerRelay;
}

/** What the admin API tells about itself, the relay and jobs; of requests, see countRequests. */
export function adminApiMetrics(registry: Registry, { database, bus, relay }: MeasuredParts): void {
  busMetrics(registry, bus);
  streamMetrics(registry, bus);
  databaseMetrics(registry, () => poolFigures(database));
  readGauge(
    registry,
    {
      name: 'tidings_relay_working',
      help: '1 on the replica whose relay works, 0 on the others; over all there is one.',
    },
    () => (relay.isWorking ? 1 : 0),
  );
  const standing = new KeptFigures(() => readRelay(database, relay.tells), KEPT_MS);
  readGauge(
    registry,
    {
      name: 'tidings_relay_lag_seconds',
      help: 'Age of the oldest change of the ledger that is not told to routing and dispatch yet; 0 when there is none, left out while PostgreSQL is away.',
    },
    async () => (await standing.get())?.lag_seconds,
  );
  readGauge(
    registry,
    {
      name: 'tidings_relay_changes_waiting',
      help: 'Changes of the ledger that are not told yet, at most 10,000.',
    },
    async () => (await standing.get())?.waiting,
  );
  const unfolded = new KeptFigures(() => ageOfUnfolded(database), KEPT_MS);
  readGauge(
    registry,
    {
      name: 'tidings_statistics_lag_seconds',
      help: 'Age of the oldest rows that statistics do not count yet; 0 when there are none, left out while PostgreSQL is away.',
    },
    async () => {
      const ms = await unfolded.get();
      return ms === undefined ? undefined : ms / 1_000;
    },
  );
  const jobs = new KeptFigures(() => countOpenJobs(database), KEPT_MS);
  readGauge(
    registry,
    {
      name: 'tidings_jobs',
      help: 'Jobs of all tenants that have not ended, by whether they have begun (running) or not (pending).',
      labelNames: ['status'],
    },
    async () => {
      const open = await jobs.get();
      return open && Object.entries(open).map(([status, count]) => [{ status }, count] as const);
    },
  );
}

/** @returns to be told of the certificate that is used, PEM */
export function certificateMetric(registry: Registry): (certificate: string) => void {
  const ends = new Gauge({
    name: 'tidings_tls_certificate_end_timestamp_seconds',
    help: 'When the certificate of the API ends, in seconds since 1970.',
    registers: [registry],
  });
  return (certificate) => ends.set(Date.parse(new X509Certificate(certificate).validTo) / 1_000);
}
