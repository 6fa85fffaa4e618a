import { Bus } from '#bus';
import { deliveryIdOf, newId, type AttemptFinished } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { TOPOLOGY } from '#testing';
import { member, startApi, type TestApi } from '../../testing/api-for-tests.js';
import { createdWebhook, WEBHOOKS } from '../../testing/webhooks-for-tests.js';

let api: TestApi;
let bus: Bus;
let database: DataSource;
beforeAll(async () => {
  api = await startApi();
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  database = await openDatabase(api.postgres.url, { name: 'spec' });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await bus.close();
  await api.stop();
});

const MINUTE_MS = 60_000;
const healthOf = async (path: string) => (await api.ask('GET', `${path}/health`)).json;
const idOf = (path: string) => path.slice(WEBHOOKS.length + 1);
const attempted = (
  webhook: string,
  at: number,
  failed: boolean,
  trigger: 'auto' | 'test' = 'auto',
): AttemptFinished => {
  const event = newId('evt');
  return {
    kind: 'attempt.finished',
    tenant: 'default',
    delivery: deliveryIdOf(event, webhook, at),
    event,
    event_type: 'task.completed',
    webhook,
    created_at: at,
    attempt: {
      ...{ id: newId('att'), number: 1, trigger, started_at: at, duration_ms: 0 },
      request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
      response: failed ? null : { status: 200, headers: {}, body: '', truncated: false },
      error: failed ? { kind: 'connect', message: 'refused' } : null,
    },
    ...{ outcome: failed ? 'failed' : 'success', next_attempt_at: null, reason: null },
  };
};
const project = (facts: AttemptFinished[]) => new Projection(database).project(facts);
const shown = (at: number) => new Date(at).toISOString();

describe('the health of a webhook', () => {
  it('that has done nothing yet', async () => {
    expect(await healthOf(await createdWebhook(api))).toEqual({
      status: 'active',
      disabled_reason: null,
      breaker: { state: 'closed', failures: null, opened_at: null, next_probe_at: null },
      lane: { length: 0 },
      rates: { attempts_last_hour: 0, failed_last_hour: 0, success_rate_last_hour: null, complete: true },
      last_attempt_at: null,
      last_success_at: null,
      last_failure_at: null,
      failing_since: null,
    });
  });

  it('tells how its attempts of the last hour went, and since when it fails', async () => {
    const path = await createdWebhook(api);
    const now = Date.now();
    const ago = (minutes: number) => now - minutes * MINUTE_MS;
    const of = (minutes: number, failed: boolean) => attempted(idOf(path), ago(minutes), failed);
    await project([of(90, true), of(50, false), of(40, true), of(30, false), of(20, true), of(10, true)]);
    await project([attempted(idOf(path), ago(5), false, 'test')]);
    expect(await healthOf(path)).toMatchObject({
      rates: { attempts_last_hour: 5, failed_last_hour: 3, success_rate_last_hour: 0.4, complete: true },
      last_attempt_at: shown(ago(10)),
      last_success_at: shown(ago(30)),
      last_failure_at: shown(ago(10)),
      failing_since: shown(ago(20)),
    });
  });

  it('of a busy one looks at its newest deliveries, and says so', async () => {
    const path = await createdWebhook(api);
    const now = Date.now();
    await project(Array.from({ length: 1_100 }, (_, i) => attempted(idOf(path), now - i * 10, i % 2 === 0)));
    expect(await healthOf(path)).toMatchObject({
      rates: {
        attempts_last_hour: 1_000,
        failed_last_hour: 500,
        success_rate_last_hour: 0.5,
        complete: false,
      },
    });
  });

  it('shows an open breaker with its next probe, and how many deliveries wait', async () => {
    const path = await createdWebhook(api);
    const webhook = idOf(path);
    const now = Date.now();
    const opened = {
      failures: 10,
      opened_at: now - MINUTE_MS,
      next_probe_at: now + MINUTE_MS,
      failed_probes: 1,
    };
    await bus.breakers.put(webhook, { tenant: 'default', snapshot: opened });
    for (let i = 0; i < 3; i++) {
      const { tenant, delivery, event, event_type, created_at } = attempted(webhook, now + i, true);
      await bus.deliveries.hold(
        {
          ...{ tenant, delivery, event, event_type, webhook, created_at, owed_at: created_at, attempt: 2 },
          ...{ timestamp: shown(now), trigger: 'auto', sequence: 1, by_reference: false },
        },
        Buffer.from('{}'),
      );
    }
    expect(await healthOf(path)).toMatchObject({
      breaker: {
        state: 'open',
        failures: 10,
        opened_at: shown(now - MINUTE_MS),
        next_probe_at: shown(now + MINUTE_MS),
      },
      lane: { length: 3 },
    });
    await bus.breakers.put(webhook, { tenant: 'default', snapshot: { ...opened, next_probe_at: now - 1 } });
    expect(await healthOf(path)).toMatchObject({ breaker: { state: 'half_open' } });
    await bus.breakers.remove(webhook);
    expect(await healthOf(path)).toMatchObject({ breaker: { state: 'closed' } });
  });

  it('of what is not there, or is another tenant’s, is 404', async () => {
    const path = await createdWebhook(api);
    expect(await api.ask('GET', `${WEBHOOKS}/${newId('wh')}/health`)).toMatchObject({ status: 404 });
    const rival = await api.ask('GET', `${path}/health`, undefined, { 'tidings-tenant': 'acme' });
    expect([rival.status, member(rival, 'code')]).toEqual([404, 'webhook_not_found']);
  });

  it('is told without what NATS knows while NATS is away', async () => {
    const path = await createdWebhook(api);
    await api.nats.kill();
    expect(await healthOf(path)).toMatchObject({ status: 'active', breaker: null, lane: null });
    await api.nats.restart();
  }, 20_000);
});
