import pg from 'pg';
import { Bus, JOURNAL } from '#bus';
import { loadConfig, topologyOf } from '#config';
import { publish } from '../processes/publish.js';
import { circumstances, keep, latencySpread } from '../processes/report.js';
import { startSystem } from '../processes/system.js';
import { usageOf } from '../processes/usage.js';
import { startNginx } from '../receivers/nginx.js';
import { course, type Sample } from './course.js';

/**
 * Whether the system stays as it is under load that goes on: the memory of
 * every process, how long events take, and how far the record is behind.
 * Arguments: minutes (30), events a second (1900: half of what bench:throughput
 * shows), webhooks (100).
 */
const MINUTES = Number(process.argv[2] ?? 30);
const RATE = Number(process.argv[3] ?? 1_900);
const WEBHOOKS = Number(process.argv[4] ?? 100);
const SAMPLE_MS = 5_000;
const POLL_MS = 500;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const around = circumstances();
const [nginx, system] = await Promise.all([startNginx(), startSystem()]);
const bus = await Bus.open({ url: system.natsUrl, name: 'bench' }, topologyOf(loadConfig()));
const database = new pg.Client({ connectionString: system.databaseUrl });
await database.connect();
for (let n = 0; n < WEBHOOKS; n++)
  await system.createWebhook({ name: `soak ${n}`, url: nginx.url, event_types: [`soak.t${n}`] });

/** Seconds by which the record is behind the journal. */
async function lag(): Promise<number> {
  const upTo = await bus.readUpTo(JOURNAL, 'projections');
  return Math.max(0, Date.now() - upTo) / 1_000;
}

const samples: Sample[] = [];
let published = false;
async function sampleUntilPublished(): Promise<void> {
  const begun = Date.now();
  while (!published) {
    await sleep(SAMPLE_MS);
    const memory: Record<string, number> = {};
    for (const [name, pid] of Object.entries(system.pids))
      memory[name] = usageOf(pid).residentBytes / 2 ** 20;
    samples.push({ at: (Date.now() - begun) / 60_000, lag_seconds: await lag(), memory_mib: memory });
    if (samples.length % 12 === 0) console.error(JSON.stringify(samples.at(-1)));
  }
}

const count = MINUTES * 60 * RATE;
const begun = Date.now();
const sampling = sampleUntilPublished();
await publish(system.natsUrl, 'soak', [{ type: 'soak', types: WEBHOOKS, count, rate: RATE }]);
const ended = Date.now();
published = true;
await sampling;

const delivered = `SELECT count(*)::int AS n FROM deliveries WHERE status = 'success'`;
let succeeded = 0;
for (const giveUpAt = ended + 120_000; succeeded < count && Date.now() < giveUpAt; await sleep(POLL_MS))
  succeeded = (await database.query<{ n: number }>(delivered)).rows[0]?.n ?? 0;

const minuteMs = 60_000;
const byMinute = Array.from({ length: Math.ceil((ended - begun) / minuteMs) }, (_, minute) =>
  latencySpread(nginx.latencies('soak-', begun + minute * minuteMs, begun + (minute + 1) * minuteMs)),
);
keep('soak', {
  ...around,
  setup: { minutes: MINUTES, events_per_second: RATE, event_bytes: 550, webhooks: WEBHOOKS },
  events: count,
  published_per_second: Math.round((count * 1_000) / (ended - begun)),
  succeeded,
  publish_to_receipt_ms: latencySpread(nginx.latencies('soak-')),
  publish_to_receipt_ms_by_minute: byMinute,
  ...course(samples),
});
await database.end();
await bus.close();
await system.stop();
await nginx.stop();
