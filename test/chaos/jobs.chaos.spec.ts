import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, decodeOwed, DELIVERIES, done, type Consumer } from '#bus';
import { deliveryIdOf, newId, type DeliveryRef, type Fact } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { startNats, startPostgres, TOPOLOGY, waitFor, type TestNats, type TestPostgres } from '#testing';
import { startAppProcess, type AppProcess } from './app-process.js';

const DELIVERIES_FAILED = 20_000;
const KILLS = 5;
const OPERATOR_KEY = `tdg_chaos_${randomBytes(12).toString('hex')}`;

describe('a job of many deliveries, while the admin-apis that work on it are killed', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  let replicas: AppProcess[];
  let database: DataSource;
  let bus: Bus;
  let consumer: Consumer;
  /** How often each delivery was queued. */
  const queued = new Map<string, number>();

  beforeAll(async () => {
    [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
    const environment = {
      TIDINGS_NATS_URL: nats.url,
      TIDINGS_DATABASE_URL: postgres.url,
      TIDINGS_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      TIDINGS_OPERATOR_KEY: OPERATOR_KEY,
    };
    replicas = await Promise.all([
      startAppProcess('admin-api', environment),
      startAppProcess('admin-api', environment),
    ]);
    database = await openDatabase(postgres.url, { name: 'spec' });
    bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
    consumer = bus.consumer({
      plan: {
        stream: DELIVERIES,
        durable: 'spec',
        filter: 'deliveries.ready.>',
        ackWaitMs: 30_000,
        maxAckPending: 5_000,
      },
      capacity: 500,
      handle: ({ payload }) => {
        const { delivery } = decodeOwed(payload).owed;
        queued.set(delivery, (queued.get(delivery) ?? 0) + 1);
        return Promise.resolve(done);
      },
      report: () => undefined,
    });
    await consumer.start();
  }, 90_000);

  afterAll(async () => {
    await consumer?.drain(1_000);
    await bus?.close();
    await database?.destroy();
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await Promise.all([postgres?.stop(), nats?.stop()]);
  });

  /** Asks whichever replica serves. */
  async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    let answer: Record<string, unknown> = {};
    await waitFor(async () => {
      const [replica] = [...replicas].sort(() => Math.random() - 0.5);
      const response = await fetch(`${replica?.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      answer = (await response.json()) as Record<string, unknown>;
      expect(response.status).toBeLessThan(300);
    }, 30_000);
    return answer;
  }

  async function failed(webhook: string): Promise<string[]> {
    const projection = new Projection(database);
    const begin = Date.now() - 3_600_000;
    const ids: string[] = [];
    let facts: Fact[] = [];
    for (let i = 0; i < DELIVERIES_FAILED; i++) {
      const event = newId('evt', begin + i);
      const delivery = deliveryIdOf(event, webhook, begin + i);
      const of = { tenant: 'default', delivery, event, event_type: 'a', webhook, created_at: begin + i };
      ids.push(delivery);
      facts.push(acceptedFact(of), failedFact(of));
      if (facts.length < 2_000) continue;
      await projection.project(facts);
      facts = [];
    }
    await projection.project(facts);
    return ids;
  }

  it('is carried on by whoever is left: every delivery is queued, and once', async () => {
    const fields = { name: 'w', url: 'https://example.com/', event_types: ['*'] };
    const webhook = String((await ask('POST', '/webhooks', fields)).id);
    const ids = await failed(webhook);
    const job = String((await ask('POST', '/deliveries/bulk-retry', { webhook_id: webhook })).id);
    for (let kills = 0; kills < KILLS; kills++) {
      await sleep(200 + Math.random() * 400);
      // Both, so that whoever works on it dies in the middle of whatever it does.
      await Promise.all(replicas.map((replica) => replica.kill()));
      await Promise.all(replicas.map((replica) => replica.restart()));
    }
    await waitFor(async () => expect((await ask('GET', `/jobs/${job}`)).status).toBe('done'), 120_000);
    await waitFor(() => expect(queued.size).toBe(DELIVERIES_FAILED), 30_000);
    expect(ids.filter((id) => queued.get(id) !== 1)).toEqual([]);
    expect(await ask('GET', `/jobs/${job}`)).toMatchObject({ done: DELIVERIES_FAILED, skipped: 0 });
  }, 300_000);
});

function acceptedFact({ tenant, event, event_type, webhook, delivery, created_at }: DeliveryRef): Fact {
  return {
    kind: 'event.accepted',
    ...{ tenant, id: event, type: event_type, accepted_at: created_at },
    timestamp: new Date(created_at).toISOString(),
    data: '{"n":1}',
    metadata: null,
    sequence: 1,
    match_count: 1,
    matches: [{ webhook, delivery }],
  };
}

function failedFact(of: DeliveryRef): Fact {
  return {
    kind: 'attempt.finished',
    ...of,
    attempt: {
      id: newId('att', of.created_at),
      number: 1,
      trigger: 'auto',
      started_at: of.created_at,
      duration_ms: 1,
      request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '{}' },
      response: null,
      error: { kind: 'timeout', message: 'No complete answer within 30000 ms.' },
    },
    outcome: 'failed',
    next_attempt_at: null,
    reason: 'retries_exhausted',
  };
}
