import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { VERSION } from '#config';
import { tuneGarbageCollection } from '#observability';
import { migrate, openDatabase } from '#persistence';
import { Keyring } from '#signing';
import { startNats, startPostgres } from '#testing';
import { child, stop, type Child } from '../processes/child.js';
import { usageOf } from '../processes/usage.js';
import { measureCalls, type Call, type LoadResult } from './load.js';
import { seed } from './seed.js';
import { EVENT_TYPES, RARE_NAME, TAGS, tenantId } from './tenants.js';

/**
 * The control plane with many webhooks, everything on this machine: filling the
 * bucket, starting subscriber and dispatcher, reading and writing over REST.
 * Tenants differ in size as they do in life: a few are large, most are small.
 * Arguments: webhooks (100000), tenants (10000).
 */
const WEBHOOKS = Number(process.argv[2] ?? 100_000);
const TENANTS = Number(process.argv[3] ?? 10_000);
/** Tenants that call, each by a key of its own; the largest besides. */
const CALLERS = 500;
const POLL_MS = 100;

const app = (name: string) => join(import.meta.dirname, `../../apps/${name}/main.js`);
const seconds = (ms: number) => Math.round(ms / 10) / 100;
const one = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item;

// What calls must not be what stalls.
tuneGarbageCollection();
const nats = await startNats();
const postgres = await startPostgres({ disposable: false });
const encryptionKeys = `k1:${randomBytes(32).toString('base64')}`;
const operatorKey = `tdg_bench_${randomBytes(16).toString('hex')}`;
const environment = {
  TIDINGS_NATS_URL: nats.url,
  TIDINGS_DATABASE_URL: postgres.url,
  TIDINGS_ENCRYPTION_KEYS: encryptionKeys,
  TIDINGS_OPERATOR_KEY: operatorKey,
  TIDINGS_PORT: '0',
  TIDINGS_OPS_PORT: '0',
  TIDINGS_LOG_LEVEL: 'warn',
  TIDINGS_API_RATE_LIMIT: '1000000',
};
const database = new pg.Client({ connectionString: postgres.url });
await database.connect();
const schema = await openDatabase(postgres.url, { name: 'bench' });
await migrate(schema);
await schema.destroy();

interface Started {
  seconds: number;
  memoryMib: number;
  process: Child;
}

async function start(name: string): Promise<Started> {
  const begun = performance.now();
  const process = await child(app(name), [], environment);
  const took = performance.now() - begun;
  return {
    seconds: seconds(took),
    memoryMib: Math.round(usageOf(process.pid).residentBytes / 2 ** 20),
    process,
  };
}

/** Start to ready, without a webhook. */
async function startEmpty(name: string): Promise<{ seconds: number; memory_mib: number }> {
  const started = await start(name);
  await stop(started.process);
  return { seconds: started.seconds, memory_mib: started.memoryMib };
}

async function relayedAll(): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ done: boolean }>(
      `SELECT (SELECT max(seq) FROM ledger) <= coalesce((SELECT seq FROM relay_positions WHERE relay = 'ledger'), 0)
       AS done`,
    );
    if (rows[0]?.done) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function keyFor(url: string, tenant: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${operatorKey}`,
      'content-type': 'application/json',
      'tidings-tenant': tenant,
    },
    body: JSON.stringify({ name: 'bench', role: 'admin' }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { key: string }).key;
}

const first = await child(app('admin-api'), [], environment);
const empty = { subscriber: await startEmpty('subscriber'), dispatcher: await startEmpty('dispatcher') };
await stop(first);

const seeded = await seed(database, { webhooks: WEBHOOKS, tenants: TENANTS }, Keyring.parse(encryptionKeys));
const begun = performance.now();
const adminApi = await child(app('admin-api'), [], environment);
await relayedAll();
const fillSeconds = seconds(performance.now() - begun);

const subscriber = await start('subscriber');
const dispatcher = await start('dispatcher');

interface Caller {
  key: string;
  webhooks: string[];
}
const callers: Caller[] = [];
for (let i = 1; i <= CALLERS; i++) {
  const index = Math.floor((i * (TENANTS - 1)) / CALLERS);
  callers.push({ key: await keyFor(adminApi.url, tenantId(index)), webhooks: seeded.webhooks[index] ?? [] });
}
const largest: Caller = { key: await keyFor(adminApi.url, tenantId(0)), webhooks: seeded.webhooks[0] ?? [] };

const get = (caller: Caller, path: string): Call => ({ method: 'GET', path, key: caller.key });
let made = 0;
const lists: Record<string, (caller: Caller) => Call> = {
  list: (caller) => get(caller, '/webhooks'),
  list_by_status: (caller) => get(caller, '/webhooks?status=inactive'),
  list_by_tag: (caller) => get(caller, `/webhooks?tag=${one(TAGS)}`),
  list_by_event_type: (caller) => get(caller, `/webhooks?event_type=${one(EVENT_TYPES)}`),
  list_by_unheard_event_type: (caller) => get(caller, '/webhooks?event_type=nobody.listens'),
  list_tags: (caller) => get(caller, '/tags'),
  search: (caller) => get(caller, `/webhooks?q=service%20${one(['1', '42', '777'])}`),
  search_rare: (caller) => get(caller, `/webhooks?q=${RARE_NAME}`),
  search_in_vain: (caller) => get(caller, '/webhooks?q=in-no-name-and-no-url'),
};
const calls: Record<string, (caller: Caller) => Call> = {
  read: (caller) => get(caller, `/webhooks/${one(caller.webhooks)}`),
  create: (caller) => ({
    method: 'POST',
    path: '/webhooks',
    key: caller.key,
    body: { name: `created ${++made}`, url: 'https://example.com/in', event_types: ['order.created'] },
  }),
  patch: (caller) => ({
    method: 'PATCH',
    path: `/webhooks/${one(caller.webhooks)}`,
    key: caller.key,
    body: { description: `changed ${++made}` },
  }),
};

const anyTenant: Record<string, LoadResult> = {};
const largestTenant: Record<string, LoadResult> = {};
for (const [name, call] of Object.entries({ ...calls, ...lists }))
  anyTenant[name] = await measureCalls(adminApi.url, () => call(one(callers)));
for (const [name, call] of Object.entries(lists))
  largestTenant[name] = await measureCalls(adminApi.url, () => call(largest));

const loaded = (started: Started, without: { seconds: number; memory_mib: number }) => ({
  start_to_ready_seconds: started.seconds,
  without_webhooks_seconds: without.seconds,
  memory_mib: started.memoryMib,
  without_webhooks_mib: without.memory_mib,
});
const report = {
  date: new Date().toISOString(),
  machine: { cores: cpus().length, model: cpus()[0]?.model, memory_gib: Math.round(totalmem() / 2 ** 30) },
  versions: { tidings: VERSION, node: process.version },
  durability: { postgres: 'fsync and synchronous_commit on', nats: 'sync_interval 1s' },
  setup: {
    webhooks: WEBHOOKS,
    tenants: TENANTS,
    webhooks_of_largest_tenant: largest.webhooks.length,
    calling_tenants: CALLERS,
  },
  fill: {
    ledger_and_tables_seconds: Math.round(seeded.seconds * 10) / 10,
    admin_api_start_to_bucket_filled_seconds: fillSeconds,
  },
  subscriber: loaded(subscriber, empty.subscriber),
  dispatcher: loaded(dispatcher, empty.dispatcher),
  rest: { any_tenant: anyTenant, largest_tenant: largestTenant },
};
console.log(JSON.stringify(report, null, 2));
mkdirSync('bench/results', { recursive: true });
writeFileSync(
  `bench/results/control-plane-${report.date.slice(0, 10)}.json`,
  `${JSON.stringify(report, null, 2)}\n`,
);
await stop(subscriber.process);
await stop(dispatcher.process);
await stop(adminApi);
await database.end();
await nats.stop();
await postgres.stop();
process.exit(0);
