import { Bus, JOURNAL } from '#bus';
import { loadConfig, topologyOf } from '#config';
import { child, stop } from '../processes/child.js';
import { publish } from '../processes/publish.js';
import { circumstances, keep, latencySpread } from '../processes/report.js';
import { startSystem, type System } from '../processes/system.js';
import { usageDuring } from '../processes/usage.js';
import { startNginx, type NginxReceiver } from '../receivers/nginx.js';
import { BACKLOG, create, DEAD, HEALTHY, LIMITED, OTHERS, SLOW, steadily } from './groups.js';

/**
 * Whether healthy webhooks notice the trouble of others, with one dispatcher
 * and with two, everything on this machine: first they get their events alone,
 * then beside as much traffic for other healthy ones, then beside webhooks that
 * never answer, answer late, drain a backlog as fast as they can, or may not be
 * called as often as they have events; and alone once more, for a machine that
 * others use too is not always as fast.
 * Arguments: seconds alone (40), seconds beside the others (60), events in each
 * backlog (20000), numbers of dispatchers (1,2).
 */
const ALONE_SECONDS = Number(process.argv[2] ?? 40);
const BESIDE_SECONDS = Number(process.argv[3] ?? 60);
const BACKLOG_EVENTS = Number(process.argv[4] ?? 20_000);
const DISPATCHERS = (process.argv[5] ?? '1,2').split(',').map(Number);
const SLOW_MS = 5_000;
const POLL_MS = 500;

const slowReceiver = new URL('../receivers/slow.js', import.meta.url).pathname;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Troubles begin so long before it is measured what they do: processes start, breakers open. */
const SETTLING_SECONDS = 10;

/** Until the lanes hold what they should, and the record knows all that happened. */
async function quiet(bus: Bus, held: number): Promise<void> {
  for (;;) {
    await sleep(POLL_MS);
    const lengths = await bus.lanes.lengths();
    const waiting = [...lengths.values()].reduce((sum, length) => sum + length, 0);
    if (waiting < held) continue;
    if ((await bus.readUpTo(JOURNAL, 'projections')) > Date.now() - POLL_MS) return;
  }
}

interface Phase {
  /** Received while it lasted. */
  healthy_per_second: number;
  publish_to_receipt_ms: ReturnType<typeof latencySpread>;
  /** Of the seconds before. */
  while_settling_ms: ReturnType<typeof latencySpread>;
  /** Processor cores that each process kept busy. */
  cores: Record<string, number>;
  others_received_per_second?: Record<string, number>;
}

async function phase(
  system: System,
  nginx: NginxReceiver,
  name: string,
  seconds: number,
  flows: Parameters<typeof publish>[2],
  begun?: () => Promise<unknown>,
): Promise<Phase> {
  let from = 0;
  const { cores } = await usageDuring({ ...system.pids, nginx: nginx.pid }, () =>
    publish(system.natsUrl, name, flows, async () => {
      from = Date.now() + SETTLING_SECONDS * 1_000;
      await begun?.();
    }),
  );
  const to = Date.now();
  await sleep(3_000);
  const received = (type: string) =>
    [...nginx.receipts()].filter(
      ([id, at]) => id.split('-')[1] === type && !id.startsWith('warm') && at >= from && at < to,
    ).length;
  const healthy = `${name}-${HEALTHY.name}-`;
  const perSecond = (type: string) => Math.round((received(type) * 1_000) / (to - from));
  return {
    healthy_per_second: perSecond(HEALTHY.name),
    publish_to_receipt_ms: latencySpread(nginx.latencies(healthy, from)),
    while_settling_ms: latencySpread(nginx.latencies(healthy, 0, from)),
    cores,
    ...(begun && {
      others_received_per_second: {
        backlog: perSecond(BACKLOG.name),
        limited: perSecond(LIMITED.name),
      },
    }),
  };
}

async function measure(dispatchers: number) {
  const [nginx, dead, slow] = await Promise.all([
    startNginx(),
    child(slowReceiver, ['never']),
    child(slowReceiver, [`${SLOW_MS}`]),
  ]);
  const system = await startSystem({ dispatchers });
  const bus = await Bus.open({ url: system.natsUrl, name: 'bench' }, topologyOf(loadConfig()));
  await create(system, HEALTHY, nginx.url);
  await create(system, OTHERS, nginx.url);
  await create(system, DEAD, dead.url);
  await create(system, SLOW, slow.url);
  await create(system, LIMITED, nginx.url);
  const backlogs = await create(system, BACKLOG, nginx.url);

  await publish(system.natsUrl, 'warm', [{ ...steadily(HEALTHY, 20), rate: 2 * HEALTHY.rate }]);
  while (nginx.latencies('warm-').length < 20 * HEALTHY.rate) await sleep(POLL_MS);
  await quiet(bus, 0);
  const alone = await phase(system, nginx, 'alone', ALONE_SECONDS, [steadily(HEALTHY, ALONE_SECONDS)]);
  const more = await phase(
    system,
    nginx,
    'more',
    ALONE_SECONDS,
    [HEALTHY, OTHERS].map((group) => steadily(group, ALONE_SECONDS)),
  );

  for (const id of backlogs) await system.post(`/webhooks/${id}/pause`);
  const held = BACKLOG_EVENTS * BACKLOG.webhooks;
  await publish(system.natsUrl, 'fill', [{ ...steadily(BACKLOG, 1), count: held, rate: 0 }]);
  await quiet(bus, held);
  const all = [HEALTHY, DEAD, SLOW, BACKLOG, LIMITED];
  const beside = await phase(
    system,
    nginx,
    'beside',
    BESIDE_SECONDS,
    all.map((group) => steadily(group, BESIDE_SECONDS)),
    () => Promise.all(backlogs.map((id) => system.post(`/webhooks/${id}/resume`))),
  );
  for (const id of backlogs) await system.post(`/webhooks/${id}/pause`);
  const again = await phase(system, nginx, 'again', ALONE_SECONDS, [steadily(HEALTHY, ALONE_SECONDS)]);
  await bus.close();
  await Promise.all([system.stop(), nginx.stop(), stop(dead), stop(slow)]);
  const ratio = (of: number, to: number) => Math.round((of / to) * 100) / 100;
  const p99 = (of: Phase) => of.publish_to_receipt_ms.p99 ?? NaN;
  return {
    alone,
    beside_as_much_healthy_traffic: more,
    beside,
    alone_again: again,
    throughput_ratio: ratio(beside.healthy_per_second, alone.healthy_per_second),
    p99_ratio: ratio(p99(beside), (p99(alone) + p99(again)) / 2),
    p99_ratio_to_as_much_healthy_traffic: ratio(p99(beside), p99(more)),
  };
}

const around = circumstances();
const measured: Record<string, Awaited<ReturnType<typeof measure>>> = {};
for (const dispatchers of DISPATCHERS) measured[`dispatchers_${dispatchers}`] = await measure(dispatchers);
keep('isolation', {
  ...around,
  setup: {
    event_bytes: 550,
    groups: Object.fromEntries(
      [HEALTHY, DEAD, SLOW, BACKLOG, LIMITED].map(({ name, ...group }) => [name, group]),
    ),
    backlog_events_each: BACKLOG_EVENTS,
    seconds: { alone: ALONE_SECONDS, beside: BESIDE_SECONDS },
  },
  ...measured,
});
