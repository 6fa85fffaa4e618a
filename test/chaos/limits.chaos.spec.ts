import pg from 'pg';
import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

const WEBHOOKS = 10_000;
const AT_ONCE = 25;
/** The largest body that the API takes, less what surrounds the data. */
const DATA_BYTES = 1_048_576 - 200;

describe('the limits', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  let database: pg.Client;

  beforeAll(async () => {
    receiver = await startReceiver();
    system = await startStandalone({
      env: {
        TIDINGS_EGRESS_ALLOW: '127.0.0.0/8',
        TIDINGS_EGRESS_HTTP: 'true',
        TIDINGS_EGRESS_PORTS: 'any',
        TIDINGS_LOG_LEVEL: 'error',
      },
    });
    database = new pg.Client({ connectionString: system.databaseUrl });
    await database.connect();
  }, 120_000);

  afterAll(async () => {
    await database?.end();
    await system?.stop();
    await receiver?.stop();
  });

  const create = async (name: string, type: string) => {
    const webhook = { name, url: `${receiver.url}/${name}`, event_types: [type] };
    expect((await system.api('POST', '/webhooks', webhook)).status).toBe(201);
  };
  const publish = async (event: object) => {
    const { status, body } = await system.api<{ id: string }>('POST', '/events', event);
    expect(status).toBe(202);
    return body.id;
  };
  const delivered = async (event: string) => {
    const { rows } = await database.query<{ webhooks: number; matches: number }>(
      `SELECT count(*)::int AS webhooks, max(match_count)::int AS matches
         FROM deliveries JOIN events ON events.id = event_id WHERE event_id = $1 AND deliveries.status = 'success'`,
      [event],
    );
    return rows[0];
  };

  it('an event that 10,000 webhooks want is delivered to each of them once', async () => {
    for (let made = 0; made < WEBHOOKS; made += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => create(`fan-${made + i}`, 'fan.out')));
    const event = await publish({ type: 'fan.out', data: { all: true } });
    await waitFor(
      async () => expect(await delivered(event)).toEqual({ webhooks: WEBHOOKS, matches: WEBHOOKS }),
      120_000,
    );
    expect(receiver.requests).toHaveLength(WEBHOOKS);
    expect(new Set(receiver.requests.map(({ path }) => path)).size).toBe(WEBHOOKS);
  });

  it('a payload of 1 MiB arrives whole, on its retry too', async () => {
    await create('large', 'large.payload');
    receiver.answer((_request, count) => ({ status: count === 1 ? 503 : 204 }));
    const data = { text: 'ü'.repeat((DATA_BYTES - 20) / 2) };
    const event = await publish({ type: 'large.payload', data });
    await waitFor(async () => expect(await delivered(event)).toEqual({ webhooks: 1, matches: 1 }), 30_000);
    const requests = receiver.to('/large');
    expect(requests).toHaveLength(2);
    for (const { body } of requests) expect(JSON.parse(body.toString())).toMatchObject({ data });
    const { status, body } = await system.api<{ code: string }>('POST', '/events', {
      type: 'large.payload',
      data: { text: 'x'.repeat(1_048_577) },
    });
    expect([status, body.code]).toEqual([413, 'body_too_large']);
  });
});
