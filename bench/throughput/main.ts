import { join } from 'node:path';
import pg from 'pg';
import { child, stop } from '../processes/child.js';
import { publish } from '../processes/publish.js';
import { circumstances, keep, latencySpread } from '../processes/report.js';
import { startSystem } from '../processes/system.js';
import { usageOf } from '../processes/usage.js';
import { startNginx } from '../receivers/nginx.js';

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
const around = circumstances();

function publishAs(prefix: string, count: number, rate: number): Promise<void> {
  return publish(system.natsUrl, prefix, [{ type: 'bench', types: WEBHOOKS, count, rate }]);
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
const system = await startSystem();
const database = new pg.Client({ connectionString: system.databaseUrl });
await database.connect();
for (let i = 0; i < WEBHOOKS; i++)
  await system.createWebhook({ name: `bench ${i}`, url: nginx.url, event_types: [`bench.t${i}`] });
const succeeded = `SELECT count(*) AS n FROM deliveries WHERE status = 'success' AND event_id LIKE `;

await publishAs('warm', 5_000, 0);
await until(`${succeeded} 'warm-%'`, 5_000);
const { nats = 0, postgres = 0 } = system.pids;
const servers = { nats, postgres, nginx: nginx.pid };
const tidings = await measure({ ...system.pids, nginx: nginx.pid }, async () => {
  await publishAs('load', EVENTS, 0);
  await until(`${succeeded} 'load-%'`, EVENTS);
});

const halfLoad = Math.floor(tidings.deliveries_per_second / 2);
await publishAs('half', halfLoad * HALF_LOAD_SECONDS, halfLoad);
await until(`${succeeded} 'half-%'`, halfLoad * HALF_LOAD_SECONDS);
await new Promise((resolve) => setTimeout(resolve, 1_500));
const latencies = nginx.latencies('half-');
await system.stopApps();

const bareArgs = [system.natsUrl, system.databaseUrl, nginx.url];
const router = await child(join(here, 'bare-loop.js'), ['route', ...bareArgs]);
const sender = await child(join(here, 'bare-loop.js'), ['send', ...bareArgs]);
const bareDone = 'SELECT count(*) AS n FROM bare_deliveries WHERE id LIKE ';
const backlog = 5_000 + EVENTS + halfLoad * HALF_LOAD_SECONDS;
await until('SELECT count(*) AS n FROM bare_deliveries', backlog);
const bare = await measure({ router: router.pid, sender: sender.pid, ...servers }, async () => {
  await publishAs('bare', EVENTS, 0);
  await until(`${bareDone} 'bare-%'`, EVENTS);
});
await stop(router);
await stop(sender);

keep('throughput', {
  ...around,
  setup: { events: EVENTS, event_bytes: 550, webhooks: WEBHOOKS, deliveries_per_event: 1 },
  tidings: {
    ...tidings,
    half_load: { per_second: halfLoad, publish_to_receipt_ms: latencySpread(latencies) },
  },
  bare_loop: bare,
  ratio: Math.round((tidings.deliveries_per_second / bare.deliveries_per_second) * 100) / 100,
});
await database.end();
await system.stop();
await nginx.stop();
