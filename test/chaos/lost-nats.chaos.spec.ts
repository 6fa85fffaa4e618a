import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  startNats,
  startReceiver,
  startStandalone,
  waitFor,
  type Receiver,
  type RunningStandalone,
  type TestNats,
} from '#testing';
import { publishAll, type LoadEvent } from './load.js';

const EVENTS = 500;
const RETRY_SECONDS = 40;
/** A round of the reconciler comes every 30 s, a retry at most so late after it. */
const RECOVERED_WITHIN_MS = 180_000;

describe('NATS loses all that it stored while deliveries are owed', () => {
  let nats: TestNats;
  let system: RunningStandalone;
  let receiver: Receiver;
  let database: pg.Client;
  let lostAt = 0;
  let isUp = false;
  const ids = (type: string): LoadEvent[] =>
    Array.from({ length: EVENTS }, (_, i) => ({ id: `${type}-${i}`, type }));

  beforeAll(async () => {
    nats = await startNats();
    system = await startStandalone({ env: { TIDINGS_NATS_URL: nats.url, TIDINGS_LOG_LEVEL: 'error' } });
    receiver = await startReceiver(({ path }) => ({ status: path === '/down' && !isUp ? 503 : 200 }));
    database = new pg.Client({ connectionString: system.databaseUrl });
    await database.connect();
    const paused = await webhook('paused');
    await webhook('down');
    await webhook('after');
    expect((await system.api('POST', `/webhooks/${paused}/pause`)).status).toBe(200);
    await publishAll(nats.url, [...ids('down'), ...ids('paused')], 1_000);
    await waitFor(async () => {
      // The breaker opens after some attempts; the rest waits in the lane.
      expect(await count(`deliveries WHERE event_type = 'down' AND status = 'retrying'`)).toBeGreaterThan(0);
      expect(await count(`deliveries WHERE event_type = 'down'`)).toBe(EVENTS);
      const held = `deliveries WHERE event_type = 'paused' AND reason = 'webhook_paused'`;
      expect(await count(held)).toBe(EVENTS);
    }, 60_000);
    await nats.halt();
    await nats.loseStore();
    isUp = true;
    await nats.restart();
    lostAt = Date.now();
    expect((await system.api('POST', `/webhooks/${paused}/resume`)).status).toBe(200);
    await publishAll(nats.url, ids('after'), 100);
  });

  afterAll(async () => {
    await database?.end();
    await system?.stop();
    await receiver?.stop();
    await nats?.stop();
  });

  async function webhook(type: string): Promise<string> {
    const { status, body } = await system.api<{ id: string }>('POST', '/webhooks', {
      name: type,
      url: `${receiver.url}/${type}`,
      event_types: [type],
      retry: { strategy: 'fixed', initial_delay_seconds: RETRY_SECONDS, jitter: 0, count: 20 },
    });
    expect(status).toBe(201);
    return body.id;
  }

  async function count(what: string): Promise<number> {
    const { rows } = await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${what}`);
    return Number(rows[0]?.n);
  }

  const arrived = (type: string) =>
    new Set(
      receiver
        .to(`/${type}`)
        .filter(({ at }) => at > lostAt)
        .map(({ headers }) => headers['webhook-id']),
    ).size;

  it('what is published afterwards is delivered', async () => {
    await waitFor(() => expect(arrived('after')).toBe(EVENTS), RECOVERED_WITHIN_MS);
    console.info(`events published afterwards: ${Date.now() - lostAt} ms after the start`);
  });

  it('what waited in the lane of a paused webhook is delivered on resume', async () => {
    await waitFor(() => expect(arrived('paused')).toBe(EVENTS), RECOVERED_WITHIN_MS);
    console.info(`the lane: ${Date.now() - lostAt} ms after the start`);
  });

  it('what a webhook in trouble is owed is delivered, scheduled retries not before they are due', async () => {
    await waitFor(() => expect(arrived('down')).toBe(EVENTS), RECOVERED_WITHIN_MS);
    console.info(`retries: ${Date.now() - lostAt} ms after the start`);
    const { rows } = await database.query<{ early: string }>(
      `SELECT count(*) AS early FROM attempts a JOIN attempts b
          ON b.delivery_id = a.delivery_id AND b.number = a.number + 1
        WHERE b.started_at < a.started_at + interval '${RETRY_SECONDS - 1} seconds'
          AND a.response_status = 503`,
    );
    expect(rows[0]?.early).toBe('0');
  });

  it('nothing was delivered twice, and the record shows every delivery as a success', async () => {
    await waitFor(
      async () => expect(await count(`deliveries WHERE status = 'success'`)).toBe(3 * EVENTS),
      60_000,
    );
    await sleep(2_000);
    for (const type of ['after', 'paused', 'down'])
      expect(receiver.to(`/${type}`).filter(({ at }) => at > lostAt)).toHaveLength(EVENTS);
    expect(await count('deliveries')).toBe(3 * EVENTS);
  });
});
