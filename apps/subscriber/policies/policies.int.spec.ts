import { Bus, type JournalWriter } from '#bus';
import {
  decideWebhook,
  DEFAULT_RETRY,
  deliveryIdOf,
  newId,
  PLAIN_WEBHOOK,
  type AttemptFinished,
  type AutoDisable as Policy,
  type WebhookRefused,
  type WebhookStatus,
} from '#domain';
import { createLogger, type RunningApp } from '#observability';
import {
  changeWebhook,
  findWebhook,
  findWebhookActivity,
  migrate,
  openDatabase,
  Projection,
  type DataSource,
} from '#persistence';
import {
  routedTenant,
  startNats,
  startPostgres,
  TOPOLOGY,
  waitFor,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startSubscriber, type SubscriberOptions } from '../start-subscriber.js';
import { AutoDisable } from './auto-disable.js';
import { recordedUpTo } from './recorded-up-to.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let nats: TestNats;
let postgres: TestPostgres;
let bus: Bus;
let database: DataSource;
let journal: JournalWriter;
let app: RunningApp;
let options: SubscriberOptions;
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await bus.tenants.put(routedTenant({ id: 'default' }));
  journal = bus.journal('webhooks');
  options = {
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    topology: TOPOLOGY,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'subscriber'),
  };
  app = await startSubscriber(options);
}, 60_000);
afterAll(async () => {
  await app.stop();
  await journal.close(1_000);
  await database.destroy();
  await bus.close();
  await Promise.all([nats.stop(), postgres.stop()]);
}, 60_000);

/** A webhook that stands as it does for so long. */
const create = async (ageMs: number, status: 'active' | 'inactive' = 'active') => {
  const id = newId('wh');
  const decided = { tenant: 'default', webhook: id, actor: 'ann', at: Date.now() - ageMs };
  const definition = {
    ...{ ...PLAIN_WEBHOOK, name: id, url: 'https://example.com/', event_types: ['order.*'], status },
    ...{ timeout_seconds: 30, retry: DEFAULT_RETRY },
  };
  await changeWebhook(
    database,
    'default',
    id,
    (state) => decideWebhook(state, { ...decided, kind: 'create', secret: 'generated', definition }),
    () => ({ signing: new Map([[1, 'sealed']]), credentials: new Map() }),
  );
  return id;
};
const setStatus = (webhook: string, status: 'active' | 'inactive', at: number) =>
  changeWebhook(database, 'default', webhook, (state) =>
    decideWebhook(state, {
      tenant: 'default',
      webhook,
      actor: 'ann',
      at,
      kind: 'change',
      change: { status },
    }),
  );
const standing = async (webhook: string): Promise<[WebhookStatus | undefined, string | null | undefined]> => {
  const row = await findWebhook(database, 'default', webhook);
  return [row?.status, row?.disabled_reason];
};
const refused = (
  webhook: string,
  at: number,
  reason: WebhookRefused['reason'] = 'receiver_gone',
): WebhookRefused => ({
  kind: 'webhook.refused',
  tenant: 'default',
  webhook,
  at,
  reason,
});
/** The counter with this label. */
const metric = async (name: string, label: string) => {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(`"${label}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
};

describe('a webhook whose receiver wants nothing more', () => {
  it.each<WebhookRefused['reason']>(['receiver_gone', 'receiver_asked', 'transform_failing'])(
    'is disabled: %s',
    async (reason) => {
      const webhook = await create(HOUR_MS);
      await journal.append(refused(webhook, Date.now(), reason));
      await waitFor(async () => expect(await standing(webhook)).toEqual(['disabled', reason]));
      await waitFor(async () => expect(await metric('tidings_webhooks_disabled_total', reason)).toBe(1));
    },
  );

  it('is disabled once, however many attempts were refused', async () => {
    const webhook = await create(HOUR_MS);
    await Promise.all(Array.from({ length: 30 }, () => journal.append(refused(webhook, Date.now()))));
    await waitFor(async () => expect(await standing(webhook)).toEqual(['disabled', 'receiver_gone']));
    await waitFor(async () =>
      expect(await bus.readUpTo('JOURNAL', 'refusals')).toBeGreaterThan(Date.now() - 100),
    );
    expect(await findWebhook(database, 'default', webhook)).toMatchObject({ version: 2 });
  });

  it('is not disabled again for what was told before a person resumed it', async () => {
    const [resumed, other] = [await create(HOUR_MS), await create(HOUR_MS)];
    const before = Date.now() - 1_000;
    await journal.append(refused(resumed, before));
    await waitFor(async () => expect((await standing(resumed))[0]).toBe('disabled'));
    await setStatus(resumed, 'active', Date.now());
    await journal.append(refused(resumed, before));
    await journal.append(refused(other, Date.now()));
    await waitFor(async () => expect((await standing(other))[0]).toBe('disabled'));
    expect(await standing(resumed)).toEqual(['active', null]);
  });

  it('is disabled when PostgreSQL is back, and events are routed meanwhile', async () => {
    const webhook = await create(HOUR_MS);
    await postgres.kill();
    await journal.append(refused(webhook, Date.now()));
    const routedSoFar = () => metric('tidings_events_total', 'unmatched');
    const routed = await routedSoFar();
    await bus.publishEvent({ tenant: 'default', type: 'x', body: '1', dedupId: newId('evt') });
    await waitFor(async () => expect(await routedSoFar()).toBeGreaterThan(routed));
    await postgres.restart();
    await waitFor(async () => expect(await standing(webhook)).toEqual(['disabled', 'receiver_gone']), 20_000);
  }, 40_000);
});

describe('what a tenant bears no longer', () => {
  const now = Date.now();
  const attempted = (webhook: string, agoMs: number, failed: boolean): AttemptFinished => {
    const event = newId('evt');
    const at = now - agoMs;
    return {
      kind: 'attempt.finished',
      tenant: 'default',
      delivery: deliveryIdOf(event, webhook, at),
      event,
      event_type: 'order.created',
      webhook,
      created_at: at,
      attempt: {
        ...{ id: newId('att'), number: 1, trigger: 'auto', started_at: at, duration_ms: 0 },
        request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
        response: failed ? null : { status: 200, headers: {}, body: '', truncated: false },
        error: failed ? { kind: 'connect', message: 'refused' } : null,
      },
      ...{ outcome: failed ? 'failed' : 'success', next_attempt_at: null, reason: null },
    };
  };
  const fails = (webhook: string, ...hoursAgo: number[]) =>
    new Projection(database).project(hoursAgo.map((hours) => attempted(webhook, hours * HOUR_MS, true)));
  const succeeds = (webhook: string, hoursAgo: number) =>
    new Projection(database).project([attempted(webhook, hoursAgo * HOUR_MS, false)]);
  const bears = (policy: Policy | null) =>
    database.query(`UPDATE tenants SET auto_disable = $1 WHERE id = 'default'`, [
      policy && JSON.stringify(policy),
    ]);
  const policies = (upTo = () => Promise.resolve(Date.now())) =>
    new AutoDisable({ database, recordedUpTo: upTo, disabled: () => undefined, report: () => undefined });

  beforeEach(() => database.query(`DELETE FROM webhooks`));

  it.each<[string, number[], number | null, WebhookStatus]>([
    ['that fails since a day', [25, 12, 1], null, 'disabled'],
    ['that failed a day ago and was not tried since', [25], null, 'active'],
    ['that fails since 23 hours', [23, 1], null, 'active'],
    ['that had one success meanwhile', [25, 1], 12, 'active'],
    ['whose last success was before', [25, 1], 26, 'disabled'],
  ])('a webhook %s', async (_title, failures, success, status) => {
    await bears({ failing_for_hours: 24, idle_days: null });
    const webhook = await create(90 * DAY_MS);
    await fails(webhook, ...failures);
    if (success !== null) await succeeds(webhook, success);
    await policies().check();
    expect(await standing(webhook)).toEqual([status, status === 'disabled' ? 'failing' : null]);
  });

  it('a webhook that was resumed is given the whole time again, and a paused one is left alone', async () => {
    await bears({ failing_for_hours: 24, idle_days: 1 });
    const [resumed, paused] = [await create(90 * DAY_MS), await create(90 * DAY_MS)];
    await Promise.all([fails(resumed, 40, 1), fails(paused, 40, 1)]);
    await setStatus(resumed, 'inactive', now - 20 * HOUR_MS);
    await setStatus(resumed, 'active', now - 10 * HOUR_MS);
    await setStatus(paused, 'inactive', now - 30 * HOUR_MS);
    expect(await policies().check()).toBe(0);
    expect(await standing(resumed)).toEqual(['active', null]);
    expect(await standing(paused)).toEqual(['inactive', null]);
  });

  it.each<[string, number, number | null, WebhookStatus]>([
    ['that never got an event', 31, null, 'disabled'],
    ['that is younger than that', 29, null, 'active'],
    ['whose last event is as old', 90, 31, 'disabled'],
    ['that got an event since', 90, 29, 'active'],
  ])('a webhook %s', async (_title, ageDays, lastDays, status) => {
    await bears({ failing_for_hours: null, idle_days: 30 });
    const webhook = await create(ageDays * DAY_MS);
    if (lastDays !== null) await succeeds(webhook, lastDays * 24);
    await policies().check();
    expect(await standing(webhook)).toEqual([status, status === 'disabled' ? 'idle' : null]);
  });

  it('a webhook that is owed a delivery which was never tried is not idle', async () => {
    await bears({ failing_for_hours: null, idle_days: 30 });
    const webhook = await create(90 * DAY_MS);
    const { tenant, delivery, event, event_type, created_at } = attempted(webhook, DAY_MS, true);
    await new Projection(database).project([
      {
        kind: 'delivery.held',
        tenant,
        delivery,
        event,
        event_type,
        webhook,
        created_at,
        at: now,
        attempt_count: 0,
        reason: 'rate_limited',
      },
    ]);
    expect(await policies().check()).toBe(0);
  });

  it('a record that is behind makes nothing idle', async () => {
    await bears({ failing_for_hours: null, idle_days: 1 });
    await create(3 * DAY_MS);
    expect(await policies(() => Promise.resolve(Date.now() - 2.5 * DAY_MS)).check()).toBe(0);
    expect(await policies().check()).toBe(1);
  });

  it('without a policy nothing is disabled', async () => {
    await bears(null);
    const webhook = await create(900 * DAY_MS);
    await fails(webhook, 500, 1);
    expect(await policies().check()).toBe(0);
  });

  it('more webhooks than are looked at in one go are all disabled, by one of several replicas', async () => {
    await bears({ failing_for_hours: null, idle_days: 30 });
    const first = await create(90 * DAY_MS);
    await database.query(
      `INSERT INTO webhooks
       SELECT (jsonb_populate_record(w, jsonb_build_object('id', 'wh_' || n, 'name', 'copy ' || n))).*
         FROM webhooks w, generate_series(1, 600) n WHERE w.id = $1`,
      [first],
    );
    const disabled = await Promise.all([policies().check(), policies().check()]);
    expect(disabled.sort((a, b) => a - b)).toEqual([0, 601]);
  }, 60_000);

  it('what is known of a deleted webhook is forgotten when nothing was told of it for a day', async () => {
    await bears(null);
    await Promise.all([succeeds('wh_gone', 25), succeeds('wh_gone_lately', 23)]);
    await policies().check();
    expect(await findWebhookActivity(database, 'default', 'wh_gone')).toBeNull();
    expect(await findWebhookActivity(database, 'default', 'wh_gone_lately')).not.toBeNull();
  });

  it('the record is complete up to the first event that is not routed', async () => {
    await waitFor(async () => expect(await recordedUpTo(bus, [])).toBeGreaterThan(Date.now() - 100));
    await app.stop();
    const before = Date.now();
    await bus.publishEvent({ tenant: 'default', type: 'x', body: '1', dedupId: newId('evt') });
    const after = Date.now();
    await waitFor(() => expect(Date.now()).toBeGreaterThan(after + 20));
    const upTo = await recordedUpTo(bus, []);
    app = await startSubscriber(options);
    expect([upTo >= before - 1, upTo <= after]).toEqual([true, true]);
  }, 20_000);
});
