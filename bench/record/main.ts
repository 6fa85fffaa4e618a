import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { tuneGarbageCollection } from '#observability';
import { indexPastDays, migrate, openDatabase } from '#persistence';
import { Keyring } from '#signing';
import { startNats } from '#testing';
import { atFullLoad, measureAt, measureFirst, type Call, type Latencies } from '../control-plane/load.js';
import { seed } from '../control-plane/seed.js';
import { tenantId } from '../control-plane/tenants.js';
import { child, stop } from '../processes/child.js';
import { circumstances, keep } from '../processes/report.js';
import { callsOf } from './calls.js';
import { fill, type Share } from './fill.js';
import { startKeptPostgres } from './kept-postgres.js';

/**
 * How long the lists of a large record take, over REST, everything on this
 * machine: 31 days of it, one tenant with most of it, each kind of list and filter.
 * Arguments: the folder that the record is kept in (it is filled when it is
 * empty, and stays), attempts (50000000), tenants (largest_tenant,small_tenant),
 * kinds of calls by their names (all).
 */
const FOLDER = process.argv[2] ?? '.bench-record';
const ATTEMPTS = Number(process.argv[3] ?? 50_000_000);
/** The tenants that are measured, by their places in the order of size. */
const MEASURED = { largest_tenant: 0, small_tenant: 190 };
const ASKED = (process.argv[4] ?? Object.keys(MEASURED).join(',')).split(',');
const KINDS = process.argv[5]?.split(',');
const DAYS = 31;
const TENANTS = 200;
const WEBHOOKS = 6_000;
/** Of all events. */
const LARGEST_SHARE = 0.6;

tuneGarbageCollection();
const around = circumstances();
const postgres = await startKeptPostgres(FOLDER);
const database = new pg.Client({ connectionString: postgres.url });
await database.connect();
const { encryptionKeys } = postgres;

interface Filled {
  attempts: number;
  until: number;
  webhooks: string[][];
}

async function filled(): Promise<Filled> {
  await database.query('CREATE TABLE IF NOT EXISTS bench_filled (filled json)');
  const { rows } = await database.query<{ filled: Filled }>('SELECT filled FROM bench_filled');
  if (rows[0]) return rows[0].filled;
  const schema = await openDatabase(postgres.url, { name: 'bench' });
  await migrate(schema);
  const keyring = Keyring.parse(encryptionKeys);
  const { webhooks } = await seed(database, { webhooks: WEBHOOKS, tenants: TENANTS }, keyring);
  const shares = webhooks.map((ids, n): Share => {
    const share =
      n === 0 ? LARGEST_SHARE : ((1 - LARGEST_SHARE) * ids.length) / (WEBHOOKS - (webhooks[0]?.length ?? 0));
    return { tenant: tenantId(n), webhooks: ids, share };
  });
  const until = Date.now();
  const begun = performance.now();
  await fill(schema, postgres.url, shares, { attempts: ATTEMPTS, days: DAYS, until }, (day) =>
    console.error(`${day} is there after ${Math.round((performance.now() - begun) / 1_000)} s`),
  );
  await schema.destroy();
  const all = { attempts: ATTEMPTS, until, webhooks };
  await database.query('INSERT INTO bench_filled VALUES ($1)', [JSON.stringify(all)]);
  await database.query('CHECKPOINT');
  return all;
}

/** @returns the seconds that it took; 0 where they were there */
async function indexed(): Promise<number> {
  const schema = await openDatabase(postgres.url, { name: 'bench' });
  await migrate(schema);
  const begun = performance.now();
  const made = await indexPastDays(schema, Date.now());
  await schema.destroy();
  return made.length === 0 ? 0 : Math.round((performance.now() - begun) / 1_000);
}

const record = await filled();
const indexSeconds = await indexed();
const nats = await startNats();
const operatorKey = `tdg_bench_${randomBytes(16).toString('hex')}`;
const adminApi = await child(join(import.meta.dirname, '../../apps/admin-api/main.js'), [], {
  TIDINGS_NATS_URL: nats.url,
  TIDINGS_DATABASE_URL: postgres.url,
  TIDINGS_ENCRYPTION_KEYS: encryptionKeys,
  TIDINGS_OPERATOR_KEY: operatorKey,
  TIDINGS_PORT: '0',
  TIDINGS_OPS_PORT: '0',
  TIDINGS_LOG_LEVEL: 'warn',
  TIDINGS_API_RATE_LIMIT: '1000000',
});

async function keyFor(tenant: string): Promise<string> {
  const answer = await fetch(`${adminApi.url}/api/v1/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${operatorKey}`,
      'content-type': 'application/json',
      'tidings-tenant': tenant,
    },
    body: JSON.stringify({ name: 'bench', role: 'viewer' }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { key: string }).key;
}

/** Of each kind, so many different calls: all are made once, and then again and again. */
const DIFFERENT = 100;

/**
 * Calls a second whose latencies count: more than people and their scripts make.
 * Half of what the machine can do would say little here, for a call that looks
 * through rows does so for a bounded time, and looks at the more the more idle the machine is.
 */
const STEADY_PER_SECOND = 100;

interface Measured {
  /** When what a call reads has not been read before, one call at a time. */
  first_ms: Latencies;
  /** To sixteen callers who ask again at once. */
  most_per_second: number;
  steady_ms: Latencies;
}

const measured: Record<string, Record<string, Measured>> = {};
for (const [size, n] of Object.entries(MEASURED).filter(([name]) => ASKED.includes(name))) {
  const caller = { url: adminApi.url, key: await keyFor(tenantId(n)), webhooks: record.webhooks[n] ?? [] };
  const results: Record<string, Measured> = (measured[size] = {});
  const callsByKind = Object.entries(await callsOf(caller, database, tenantId(n), record.until));
  for (const [name, next] of callsByKind.filter(([kind]) => !KINDS || KINDS.includes(kind))) {
    const calls = Array.from({ length: DIFFERENT }, next);
    const first_ms = await measureFirst(adminApi.url, calls);
    const again = () => calls[Math.floor(Math.random() * DIFFERENT)] as Call;
    const most_per_second = Math.round(await atFullLoad(adminApi.url, again));
    const steady_ms = await measureAt(adminApi.url, again, STEADY_PER_SECOND);
    results[name] = { first_ms, most_per_second, steady_ms };
    console.error(
      `${size} ${name}: first p50 ${first_ms.p50} ms, p99 ${first_ms.p99} ms; ` +
        `steadily p50 ${steady_ms.p50} ms, p99 ${steady_ms.p99} ms; ${most_per_second}/s at most`,
    );
  }
}
const over = (when: 'first_ms' | 'steady_ms') =>
  Object.entries(measured).flatMap(([size, results]) =>
    Object.entries(results)
      .filter(([, result]) => result[when].p99 > 50)
      .map(([name]) => `${size} ${name}`),
  );
const { rows } = await database.query<{ table: string; gib: number; rows: number }>(
  `SELECT p.relname AS table, round((sum(pg_total_relation_size(c.oid)) / 2^30)::numeric, 1)::float AS gib, sum(c.reltuples)::bigint::float AS rows
     FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
    WHERE p.relname IN ('events', 'deliveries', 'attempts') GROUP BY p.relname`,
);
keep('record', {
  ...around,
  setup: {
    attempts: record.attempts,
    days: DAYS,
    tenants: TENANTS,
    webhooks: WEBHOOKS,
    tables: rows,
    steady_per_second: STEADY_PER_SECOND,
  },
  indexes_of_past_days_seconds: indexSeconds,
  p99_over_50_ms: { first: over('first_ms'), steady: over('steady_ms') },
  rest: measured,
});
await stop(adminApi);
await database.end();
await nats.stop();
await postgres.stop();
process.exit(0);
