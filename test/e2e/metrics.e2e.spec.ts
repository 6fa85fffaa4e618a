import { randomBytes } from 'node:crypto';
import { createLogger, type RunningApp } from '#observability';
import { Keyring } from '#signing';
import {
  startNats,
  startPostgres,
  startReceiver,
  TOPOLOGY,
  waitFor,
  type Receiver,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startAdminApi } from '../../apps/admin-api/start-admin-api.js';
import { startDispatcher } from '../../apps/dispatcher/start-dispatcher.js';
import { startSubscriber } from '../../apps/subscriber/start-subscriber.js';
import { APPS, metricsInSource, type App } from '../metrics/metrics-in-source.js';

const OPERATOR_KEY = `tdg_operator_${randomBytes(16).toString('hex')}`;
/** Only where the API speaks TLS itself. */
const WITH_TLS = ['tidings_tls_certificate_end_timestamp_seconds'];

let nats: TestNats;
let postgres: TestPostgres;
let receiver: Receiver;
const apps: Partial<Record<App, RunningApp>> = {};

beforeAll(async () => {
  [nats, postgres, receiver] = await Promise.all([startNats(), startPostgres(), startReceiver()]);
  const encryptionKeys = `k1:${randomBytes(32).toString('base64')}`;
  const common = {
    ...{ natsUrl: nats.url, topology: TOPOLOGY, host: '127.0.0.1', port: 0 },
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' as const },
  };
  const { url: databaseUrl } = postgres;
  apps['admin-api'] = await startAdminApi({
    ...{ ...common, databaseUrl, encryptionKeys, operatorKey: OPERATOR_KEY, requestsPerSecond: 1_000 },
    owedForHours: 720,
    logger: createLogger('silent', 'admin-api'),
  });
  apps['subscriber'] = await startSubscriber({
    ...{ ...common, databaseUrl },
    logger: createLogger('silent', 'subscriber'),
  });
  apps['dispatcher'] = await startDispatcher({
    ...{ ...common, keyring: Keyring.parse(encryptionKeys), concurrency: 64, maxDeliveryAgeHours: 720 },
    transforms: { processes: 1, timeoutMs: 500 },
    logger: createLogger('silent', 'dispatcher'),
  });
}, 90_000);

afterAll(async () => {
  for (const name of APPS.toReversed()) await apps[name]?.stop();
  await Promise.all([nats?.stop(), postgres?.stop(), receiver?.stop()]);
}, 60_000);

const text = async (app: App) => (await fetch(`${apps[app]?.url}/metrics`)).text();

/** The value of a metric with these labels; undefined when there is none. */
async function metric(app: App, name: string, labels: Record<string, string> = {}) {
  const lines = (await text(app)).split('\n').filter((line) => line.startsWith(`${name}{`));
  const line = lines.find((one) =>
    Object.entries(labels).every(([label, value]) => one.includes(`${label}="${value}"`)),
  );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

async function api<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await fetch(`${apps['admin-api']?.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Body;
}

describe('the metrics of a running system', () => {
  it.each(APPS)('of %s are those that docs/metrics.md names', async (app) => {
    const shown = [...(await text(app)).matchAll(/^# HELP (tidings_\w+) /gm)].map(([, name]) => name);
    const declared = metricsInSource().filter(
      ({ name, apps }) => apps.includes(app) && !WITH_TLS.includes(name),
    );
    expect(shown.sort()).toEqual(declared.map(({ name }) => name).sort());
  });

  it('follow an event on its way', async () => {
    const { url } = receiver;
    const retry = { count: 0 };
    await api('POST', '/webhooks', { name: 'works', url: `${url}/works`, event_types: ['a.b'], retry });
    receiver.answer({ status: 204 });
    await api('POST', '/events', { type: 'a.b', data: { n: 1 } });
    await api('POST', '/events', { type: 'nobody.wants', data: 1 });
    await waitFor(async () =>
      expect(
        await metric('dispatcher', 'tidings_attempts_total', { outcome: 'success', status: '2xx' }),
      ).toBe(1),
    );
    receiver.answer({ status: 500 });
    await api('POST', '/events', { type: 'a.b', data: { n: 2 } });
    const failed = { outcome: 'failed', status: '5xx', error: 'http_status' };
    await waitFor(async () => expect(await metric('dispatcher', 'tidings_attempts_total', failed)).toBe(1));
    // That it failed for good is an event too, which nobody wants here.
    const unmatched = { outcome: 'unmatched', from: 'events' };
    await waitFor(async () => expect(await metric('subscriber', 'tidings_events_total', unmatched)).toBe(2));
    const told = async (app: App, name: string, labels?: Record<string, string>) =>
      [name, await metric(app, name, labels)] as const;
    expect(
      await Promise.all([
        told('admin-api', 'tidings_events_published_total', { outcome: 'stored' }),
        told('subscriber', 'tidings_events_total', { outcome: 'matched', from: 'events' }),
        told('subscriber', 'tidings_events_total', unmatched),
        told('subscriber', 'tidings_operational_events_total', { kind: 'tidings.delivery.exhausted' }),
        told('subscriber', 'tidings_event_routing_seconds_count'),
        told('dispatcher', 'tidings_first_attempt_delay_seconds_count'),
        told('dispatcher', 'tidings_delivery_success_delay_seconds_count'),
        told('dispatcher', 'tidings_attempt_duration_seconds_count'),
        told('dispatcher', 'tidings_partitions_owned'),
        told('admin-api', 'tidings_relay_working'),
        told('admin-api', 'tidings_http_requests_total', { route: '/api/v1/events', status: '202' }),
        told('dispatcher', 'tidings_nats_connected'),
      ]),
    ).toEqual([
      ['tidings_events_published_total', 3],
      ['tidings_events_total', 2],
      ['tidings_events_total', 2],
      ['tidings_operational_events_total', 1],
      ['tidings_event_routing_seconds_count', 4],
      ['tidings_first_attempt_delay_seconds_count', 2],
      ['tidings_delivery_success_delay_seconds_count', 1],
      ['tidings_attempt_duration_seconds_count', 2],
      ['tidings_partitions_owned', 64],
      ['tidings_relay_working', 1],
      ['tidings_http_requests_total', 3],
      ['tidings_nats_connected', 1],
    ]);
    await waitFor(async () =>
      expect(await metric('subscriber', 'tidings_facts_projected_total')).toBeGreaterThanOrEqual(5),
    );
  });

  it('count what was refused by its code, and what nobody serves as one route', async () => {
    await fetch(`${apps['admin-api']?.url}/api/v1/webhooks`, {
      headers: { authorization: 'Bearer tdg_x_yyyyyyyy' },
    });
    for (const path of ['/api/v1/nope', '/wp-login.php', '/api/v1/nope/2'])
      await fetch(apps['admin-api']?.url + path);
    expect(await metric('admin-api', 'tidings_http_problems_total', { code: 'unauthenticated' })).toBe(1);
    expect(await metric('admin-api', 'tidings_http_requests_total', { route: 'none', status: '404' })).toBe(
      3,
    );
    expect(await text('admin-api')).not.toContain('wp-login');
  });

  it('say from every process that knows the streams how far behind the record is, also when nobody projects', async () => {
    const lag = (app: App) => metric(app, 'tidings_projection_lag_seconds');
    await waitFor(async () => expect(await lag('admin-api')).toBe(0), 15_000);
    expect(await metric('admin-api', 'tidings_routing_lag_seconds')).toBe(0);
    expect(await metric('subscriber', 'tidings_consumer_pending', { consumer: 'routing' })).toBe(0);
    await apps['subscriber']?.stop();
    delete apps['subscriber'];
    await api('POST', '/events', { type: 'a.b', data: { n: 3 } });
    await waitFor(
      async () => expect(await metric('admin-api', 'tidings_routing_lag_seconds')).toBeGreaterThan(1),
      15_000,
    );
  }, 40_000);

  it('leave out what cannot be known, rather than tell it as it was', async () => {
    await nats.kill();
    await waitFor(async () => expect(await metric('admin-api', 'tidings_nats_connected')).toBe(0), 15_000);
    await waitFor(async () => expect(await lagNow()).toBeUndefined(), 20_000);
    await nats.restart();
    await waitFor(async () => expect(await lagNow()).toBeDefined(), 20_000);
    expect(await metric('admin-api', 'tidings_nats_reconnects_total')).toBe(1);
  }, 60_000);
});

const lagNow = () => metric('admin-api', 'tidings_routing_lag_seconds');
