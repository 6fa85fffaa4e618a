import { Bus, JOURNAL } from '#bus';
import { loadConfig, topologyOf } from '#config';
import { child } from '../processes/child.js';
import { publish } from '../processes/publish.js';
import { circumstances, keep, latencySpread } from '../processes/report.js';
import { startSystem } from '../processes/system.js';
import { usageDuring, usageOf } from '../processes/usage.js';
import { startNginx } from '../receivers/nginx.js';

/**
 * What a million scheduled retries cost, and how punctual they are, everything
 * on this machine: the server's memory, how fast retries are scheduled and how
 * fast other events are delivered meanwhile; then how late retries are when
 * they come due at a steady rate, and when many are due in one second.
 * Arguments: retries (1000000), of which come due a second (1000), for so many
 * seconds (60), and in one second after that (10000).
 */
const RETRIES = Number(process.argv[2] ?? 1_000_000);
const RATE = Number(process.argv[3] ?? 1_000);
const SECONDS = Number(process.argv[4] ?? 60);
const BURST = Number(process.argv[5] ?? 10_000);
const WEBHOOKS = 1_000;
const OTHER_EVENTS = 40_000;
const OTHER_RATE = 500;
const OTHER_SECONDS = 20;
const DAY_MS = 24 * 3_600_000;
const POLL_MS = 200;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const around = circumstances();
const nginx = await startNginx();
const system = await startSystem();
const bus = await Bus.open({ url: system.natsUrl, name: 'bench' }, topologyOf(loadConfig()));

const webhooks: string[] = [];
for (let n = 0; n < WEBHOOKS; n++)
  webhooks.push(
    await system.createWebhook({ name: `retried ${n}`, url: nginx.url, event_types: [`retried.t${n}`] }),
  );
for (let n = 0; n < 10; n++)
  await system.createWebhook({ name: `other ${n}`, url: nginx.url, event_types: [`other.t${n}`] });

async function schedule(prefix: string, count: number, from: number, to: number): Promise<number> {
  const args = [system.natsUrl, prefix, count, from, to, JSON.stringify(webhooks)].map(String);
  const { process: scheduler } = await child(new URL('scheduler.js', import.meta.url).pathname, args);
  const begun = performance.now();
  const code = await new Promise((resolve) => scheduler.once('exit', resolve));
  if (code !== 0) throw new Error(`The scheduler ended with ${String(code)}.`);
  return Math.round((count * 1_000) / (performance.now() - begun));
}

/** Until so many events with ids that begin like that were received; it ends with an error when none comes any more. */
async function received(prefix: string, count: number): Promise<void> {
  let last = 0;
  let since = Date.now();
  for (;;) {
    const now = nginx.latencies(prefix).length;
    if (now >= count) return;
    if (now > last) [last, since] = [now, Date.now()];
    if (Date.now() - since > 60_000) throw new Error(`Of ${count} ${prefix} only ${now} came.`);
    await sleep(POLL_MS);
  }
}

async function recorded(): Promise<void> {
  while ((await bus.readUpTo(JOURNAL, 'projections')) < Date.now() - POLL_MS) await sleep(POLL_MS);
}

const memory = () => Math.round(usageOf(system.pids.nats ?? 0).residentBytes / 2 ** 20);

/** Deliveries of events as fast as can be, and how long those take that come steadily. */
async function otherEvents(name: string) {
  const flow = { type: 'other', types: 10 };
  const begun = performance.now();
  await publish(system.natsUrl, `${name}full`, [{ ...flow, count: OTHER_EVENTS, rate: 0 }]);
  await received(`${name}full-`, OTHER_EVENTS);
  const perSecond = Math.round((OTHER_EVENTS * 1_000) / (performance.now() - begun));
  await recorded();
  const steady = OTHER_RATE * OTHER_SECONDS;
  await publish(system.natsUrl, `${name}half`, [{ ...flow, count: steady, rate: OTHER_RATE }]);
  await received(`${name}half-`, steady);
  await recorded();
  return {
    deliveries_per_second: perSecond,
    publish_to_receipt_ms: latencySpread(nginx.latencies(`${name}half-`)),
    nats_memory_mib: memory(),
  };
}

await publish(system.natsUrl, 'warm', [{ type: 'other', types: 10, count: 5_000, rate: 0 }]);
await received('warm-', 5_000);
await recorded();
const without = await otherEvents('without');

const soon = RATE * SECONDS + BURST;
const far = Math.max(0, RETRIES - soon);
const memoryBefore = memory();
const scheduledPerSecond = await schedule('far', far, Date.now() + DAY_MS, Date.now() + 2 * DAY_MS);
const memoryAfter = memory();
const meanwhile = await otherEvents('meanwhile');

// Time enough to schedule them all before the first is due.
const due = Date.now() + 10_000 + soon / 5;
const burstAt = due + SECONDS * 1_000 + 5_000;
await schedule('burst', BURST, burstAt, burstAt + 1_000);
await schedule('steady', RATE * SECONDS, due, due + SECONDS * 1_000);
const inAdvanceMs = due - Date.now();
if (inAdvanceMs < 0) throw new Error(`The first retry was due ${-inAdvanceMs} ms before all were scheduled.`);
await sleep(inAdvanceMs);
const { cores, memory_mib } = await usageDuring({ ...system.pids, nginx: nginx.pid }, () =>
  Promise.all([
    received('steady-', RATE * SECONDS),
    publish(system.natsUrl, 'beside', [
      { type: 'other', types: 10, count: OTHER_RATE * SECONDS, rate: OTHER_RATE },
    ]),
  ]),
);
await received('burst-', BURST);
await sleep(2_000);

keep('retries', {
  ...around,
  setup: { webhooks: WEBHOOKS, scheduled: far + soon, message_bytes: 950 },
  scheduling: {
    per_second: scheduledPerSecond,
    nats_memory_mib: { before: memoryBefore, after: memoryAfter },
  },
  other_events: { without, meanwhile },
  due_to_receipt_ms: {
    steady: { per_second: RATE, seconds: SECONDS, ...latencySpread(nginx.latencies('steady-')) },
    burst: { in_one_second: BURST, ...latencySpread(nginx.latencies('burst-')) },
  },
  while_they_come_due: {
    cores,
    memory_mib,
    other_events: {
      per_second: OTHER_RATE,
      publish_to_receipt_ms: latencySpread(nginx.latencies('beside-')),
    },
  },
});
await bus.close();
await system.stop();
await nginx.stop();
