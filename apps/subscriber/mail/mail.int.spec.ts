import { Bus } from '#bus';
import { newId, type OperationalEvent } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import { migrate, openDatabase, type DataSource, type TenantMailRow } from '#persistence';
import {
  routedTenant,
  startMailServer,
  startNats,
  startPostgres,
  TOPOLOGY,
  waitFor,
  type TestMailServer,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startSubscriber, type SubscriberOptions } from '../start-subscriber.js';

const QUIET_MS = 6_000;

let nats: TestNats;
let postgres: TestPostgres;
let server: TestMailServer;
let bus: Bus;
let database: DataSource;
let options: SubscriberOptions;
let app: RunningApp;
beforeAll(async () => {
  [nats, postgres, server] = await Promise.all([startNats(), startPostgres(), startMailServer()]);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  options = {
    ...{ natsUrl: nats.url, databaseUrl: postgres.url, topology: TOPOLOGY, host: '127.0.0.1', port: 0 },
    mail: {
      ...{ url: server.url, from: 'Tidings <tidings@example.org>' },
      ...{ gatherMs: 1_500, quietMs: QUIET_MS, everyMs: 100 },
    },
    logger: createLogger('silent', 'subscriber'),
  };
  app = await startSubscriber(options);
}, 60_000);
afterAll(async () => {
  await app.stop();
  await database.destroy();
  await bus.close();
  await Promise.all([nats.stop(), postgres.stop(), server.stop()]);
}, 60_000);

/** A tenant with contacts of its own. */
const tenantWith = async (...contacts: string[]) => {
  const id = newId('key');
  await database.query(
    `INSERT INTO tenants (id, version, name, strict_event_types, timeout_seconds, retry, created_at, updated_at, contacts)
     VALUES ($1, 1, $2, false, 30, '{}', now(), now(), $3)`,
    [id, `Tenant ${id}`, contacts],
  );
  await bus.tenants.put(routedTenant({ id }));
  return id;
};
const publish = (
  tenant: string,
  type: 'disabled' | 'exhausted' | 'opened' | 'recovered',
  webhook: string,
) => {
  const timestamp = new Date().toISOString();
  const base = { id: newId('evt'), tenant, timestamp };
  const at = { webhook_id: webhook };
  const events = {
    disabled: {
      type: 'tidings.webhook.disabled',
      data: { ...at, reason: 'failing', disabled_at: timestamp, failing_since: null },
    },
    exhausted: {
      type: 'tidings.delivery.exhausted',
      data: {
        ...{ ...at, delivery_id: 'dlv_1', event_id: 'evt_1', event_type: 'order.paid', attempt_count: 4 },
        ...{ reason: 'retries_exhausted', last_error: null, status_code: 503, exhausted_at: timestamp },
      },
    },
    opened: {
      type: 'tidings.circuit.opened',
      data: { ...at, failures: 10, opened_at: timestamp, probe_at: timestamp },
    },
    recovered: {
      type: 'tidings.webhook.recovered',
      data: { ...at, from: 'circuit_opened', trouble_since: timestamp, recovered_at: timestamp },
    },
  };
  return bus.publishOperational({ ...base, ...events[type] } as OperationalEvent);
};
const mailsTo = (contact: string) => server.mails.filter(({ to }) => to.includes(contact));
const subjectsTo = (contact: string) => mailsTo(contact).map((mail) => server.header(mail, 'Subject'));
const noticesOf = async (tenant: string) =>
  database.query<{ type: string; count: number }[]>(
    `SELECT type, count FROM operational_notices WHERE tenant = $1 ORDER BY type`,
    [tenant],
  );
const mailOf = async (tenant: string) => {
  const [row] = await database.query<TenantMailRow[]>(`SELECT * FROM tenant_mails WHERE tenant = $1`, [
    tenant,
  ]);
  return row;
};

describe('mail to the contacts of a tenant', () => {
  it('is one for an outage, and one more for all that follows in the quiet time', async () => {
    const tenant = await tenantWith('ops@a.example', 'boss@a.example');
    await publish(tenant, 'disabled', 'wh_1');
    await Promise.all(Array.from({ length: 150 }, (_, i) => publish(tenant, 'exhausted', `wh_${i % 3}`)));
    await waitFor(() => expect(mailsTo('ops@a.example')).toHaveLength(1), 15_000);
    const [mail] = mailsTo('ops@a.example');
    expect(mail).toMatchObject({ from: 'tidings@example.org', to: ['ops@a.example', 'boss@a.example'] });
    expect(mail?.source).toContain('text/plain');
    expect(mail?.source).toContain('text/html');
    expect(mail && server.header(mail, 'Auto-Submitted')).toBe('auto-generated');
    const sent = Date.now();

    await publish(tenant, 'exhausted', 'wh_1');
    await publish(tenant, 'exhausted', 'wh_9');
    await waitFor(() => expect(mailsTo('ops@a.example')).toHaveLength(2), 20_000);
    expect(Date.now() - sent).toBeGreaterThan(QUIET_MS - 1_500);
    // Every one of them is in the one or the other.
    const counts = subjectsTo('ops@a.example').map((subject) =>
      Number(/(\d+) failed/.exec(subject ?? '')?.[1]),
    );
    expect(counts[0]! + counts[1]!).toBe(152);
    expect(await noticesOf(tenant)).toEqual([]);
  }, 60_000);

  it('says nothing of a circuit that closed soon', async () => {
    const tenant = await tenantWith('ops@b.example');
    await publish(tenant, 'opened', 'wh_1');
    await waitFor(async () =>
      expect(await noticesOf(tenant)).toEqual([{ type: 'tidings.circuit.opened', count: 1 }]),
    );
    await publish(tenant, 'recovered', 'wh_1');
    await waitFor(async () => expect(await noticesOf(tenant)).toEqual([]));
    expect(mailsTo('ops@b.example')).toEqual([]);
  }, 30_000);

  it('has nothing gathered for a tenant without contacts', async () => {
    const [none, some] = [await tenantWith(), await tenantWith('ops@c.example')];
    await publish(none, 'disabled', 'wh_1');
    await publish(some, 'disabled', 'wh_2');
    await waitFor(() => expect(mailsTo('ops@c.example')).toHaveLength(1), 15_000);
    expect(await noticesOf(none)).toEqual([]);
  }, 30_000);

  it('is sent when the server is back, by whichever subscriber is there, and what comes meanwhile is not held up', async () => {
    const tenant = await tenantWith('ops@d.example');
    const port = Number(new URL(server.url).port);
    await server.stop();
    await publish(tenant, 'disabled', 'wh_1');
    await waitFor(async () => expect(await mailOf(tenant)).toMatchObject({ tries: 1 }), 20_000);
    const kept = await mailOf(tenant);
    await publish(tenant, 'exhausted', 'wh_1');
    await waitFor(async () =>
      expect(await noticesOf(tenant)).toEqual([{ type: 'tidings.delivery.exhausted', count: 1 }]),
    );
    await app.stop();
    server = await startMailServer(port);
    app = await startSubscriber(options);
    await database.query(`UPDATE tenant_mails SET next_try_at = now() WHERE tenant = $1`, [tenant]);
    await waitFor(() => expect(mailsTo('ops@d.example')).not.toEqual([]), 15_000);
    const [mail] = mailsTo('ops@d.example');
    expect(mail && server.header(mail, 'Message-ID')).toBe(kept?.mail?.message_id);
    await waitFor(async () => expect(await mailOf(tenant)).toMatchObject({ mail: null }));
  }, 60_000);

  it('that the server refuses is given up at last, which is counted', async () => {
    const tenant = await tenantWith('ops@e.example');
    server.refuse('554 not you');
    await publish(tenant, 'disabled', 'wh_1');
    for (let tries = 1; tries < 5; tries++) {
      await waitFor(async () => expect(await mailOf(tenant)).toMatchObject({ tries }), 20_000);
      await database.query(`UPDATE tenant_mails SET next_try_at = now() WHERE tenant = $1`, [tenant]);
    }
    await waitFor(async () => expect(await mailOf(tenant)).toMatchObject({ mail: null, tries: 4 }));
    server.refuse(undefined);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/tidings_mails_total\{.*outcome="given_up".*\} 1/);
    expect(mailsTo('ops@e.example')).toEqual([]);
  }, 60_000);
});
