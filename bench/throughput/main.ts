import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { VERSION } from '#config';
import { startNats, startPostgres } from '#testing';
import { child, stop } from '../processes/child.js';
import { usageOf } from '../processes/usage.js';
import { startNginx } from './nginx.js';

/**
 * From events published to rows in PostgreSQL, everything on this machine, and
 * in the same run the bare loop that does the same network work.
 * Arguments: events of the throughput runs (60000), seconds at half load (20).
 */
const EVENTS = Number(process.argv[2] ?? 60_000);
const HALF_LOAD_SECONDS = Number(process.argv[3] ?? 20);
const WEBHOOKS = 10;
/** Counting rows costs PostgreSQL; it shall not be what is measured. */
const POLL_MS = 500;

const here = import.meta.dirname;
const app = (name: string) => join(here, `../../apps/${name}/main.js`);

async function publish(prefix: string, count: number, rate: number): Promise<void> {
  const publisher = fork(join(here, 'publisher.js'), [
    nats.url,
    prefix,
    `${count}`,
    `${rate}`,
    `${WEBHOOKS}`,
  ]);
  const code = await new Promise((resolve) => publisher.once('exit', resolve));
  if (code !== 0) throw new Error(`The publisher ended with ${String(code)}.`);
}

async function until(sql: string, count: number): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ n: string }>(sql);
    if (Number(rows[0]?.n) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Measured {
  deliveries_per_second: number;
  cpu_us_per_delivery: Record<string, number>;
  memory_mib: Record<string, number>;
}

async function measure(processes: Record<string, number>, work: () => Promise<void>): Promise<Measured> {
  const before = Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, usageOf(pid)]));
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const cpu: Record<string, number> = {};
  const memory: Record<string, number> = {};
  for (const [name, pid] of Object.entries(processes)) {
    const after = usageOf(pid);
    cpu[name] = Math.round((after.cpuUs - (before[name]?.cpuUs ?? 0)) / EVENTS);
    memory[name] = Math.round(after.residentBytes / 2 ** 20);
  }
  cpu.sum = Object.values(cpu).reduce((sum, us) => sum + us, 0);
  return {
    deliveries_per_second: Math.round(EVENTS / seconds),
    cpu_us_per_delivery: cpu,
    memory_mib: memory,
  };
}

const nginx = await startNginx();
const nats = await startNats();
const postgres = await startPostgres({ disposable: false });
const keys = `k1:${randomBytes(32).toString('base64')}`;
const database = new pg.Client({ connectionString: postgres.url });
await database.connect();

const operatorKey = `tdg_bench_${randomBytes(16).toString('hex')}`;
const environment = {
  TIDINGS_NATS_URL: nats.url,
  TIDINGS_DATABASE_URL: postgres.url,
  TIDINGS_ENCRYPTION_KEYS: keys,
  TIDINGS_OPERATOR_KEY: operatorKey,
  TIDINGS_PORT: '0',
  TIDINGS_EGRESS_ALLOW: '127.0.0.0/8',
  TIDINGS_EGRESS_HTTP: 'true',
  TIDINGS_EGRESS_PORTS: 'any',
  TIDINGS_OPS_PORT: '0',
  TIDINGS_LOG_LEVEL: 'warn',
};
const adminApi = await child(app('admin-api'), [], environment);
const subscriber = await child(app('subscriber'), [], environment);
const dispatcher = await child(app('dispatcher'), [], environment);
for (let i = 0; i < WEBHOOKS; i++) {
  const created = await fetch(`${adminApi.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `bench ${i}`, url: nginx.url, event_types: [`bench.t${i}`] }),
  });
  if (created.status !== 201) throw new Error(await created.text());
}
const succeeded = `SELECT count(*) AS n FROM deliveries WHERE status = 'success' AND event_id LIKE `;

await publish('warm', 5_000, 0);
await until(`${succeeded} 'warm-%'`, 5_000);
const servers = { nats: nats.pid ?? 0, postgres: postgres.pid ?? 0, nginx: nginx.pid };
const tidings = await measure(
  { 'admin-api': adminApi.pid, subscriber: subscriber.pid, dispatcher: dispatcher.pid, ...servers },
  async () => {
    await publish('load', EVENTS, 0);
    await until(`${succeeded} 'load-%'`, EVENTS);
  },
);

const halfLoad = Math.floor(tidings.deliveries_per_second / 2);
await publish('half', halfLoad * HALF_LOAD_SECONDS, halfLoad);
await until(`${succeeded} 'half-%'`, halfLoad * HALF_LOAD_SECONDS);
await new Promise((resolve) => setTimeout(resolve, 1_500));
const latencies = [...nginx.receipts()]
  .filter(([id]) => id.startsWith('half-'))
  .map(([id, at]) => at - Number(id.split('-')[2]))
  .sort((a, b) => a - b);
const percentile = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
await stop(subscriber);
await stop(dispatcher);
await stop(adminApi);

const bareArgs = [nats.url, postgres.url, nginx.url];
const router = await child(join(here, 'bare-loop.js'), ['route', ...bareArgs]);
const sender = await child(join(here, 'bare-loop.js'), ['send', ...bareArgs]);
const bareDone = 'SELECT count(*) AS n FROM bare_deliveries WHERE id LIKE ';
const backlog = 5_000 + EVENTS + halfLoad * HALF_LOAD_SECONDS;
await until('SELECT count(*) AS n FROM bare_deliveries', backlog);
const bare = await measure({ router: router.pid, sender: sender.pid, ...servers }, async () => {
  await publish('bare', EVENTS, 0);
  await until(`${bareDone} 'bare-%'`, EVENTS);
});
await stop(router);
await stop(sender);

const report = {
  date: new Date().toISOString(),
  machine: { cores: cpus().length, model: cpus()[0]?.model, memory_gib: Math.round(totalmem() / 2 ** 30) },
  versions: { tidings: VERSION, node: process.version },
  durability: { postgres: 'fsync and synchronous_commit on', nats: 'sync_interval 1s' },
  setup: { events: EVENTS, event_bytes: 550, webhooks: WEBHOOKS, deliveries_per_event: 1 },
  tidings: {
    ...tidings,
    half_load: {
      per_second: halfLoad,
      publish_to_receipt_ms: { p50: percentile(0.5), p99: percentile(0.99), max: latencies.at(-1) },
    },
  },
  bare_loop: bare,
  ratio: Math.round((tidings.deliveries_per_second / bare.deliveries_per_second) * 100) / 100,
};
console.log(JSON.stringify(report, null, 2));
mkdirSync('bench/results', { recursive: true });
writeFileSync(
  `bench/results/throughput-${report.date.slice(0, 10)}.json`,
  `${JSON.stringify(report, null, 2)}\n`,
);
await database.end();
await nats.stop();
await postgres.stop();
await nginx.stop();
