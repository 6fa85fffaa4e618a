import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  startPostgres,
  startReceiver,
  startStandalone,
  waitFor,
  type Receiver,
  type RunningStandalone,
  type TestPostgres,
} from '#testing';
import { publishAll, type LoadEvent } from './load.js';

const PER_SECOND = 300;
const BEFORE_MS = 5_000;
const AWAY_MS = 60_000;
const EVENTS = (PER_SECOND * (BEFORE_MS + AWAY_MS + 10_000)) / 1_000;

describe('PostgreSQL is away for a minute under load', () => {
  let postgres: TestPostgres;
  let system: RunningStandalone;
  let receiver: Receiver;
  const events: LoadEvent[] = Array.from({ length: EVENTS }, (_, i) => ({ id: `away-${i}`, type: 'away' }));
  /** Received while it was away, and published while it was away. */
  const away = { received: 0, published: 0 };

  beforeAll(async () => {
    postgres = await startPostgres();
    system = await startStandalone({
      env: { TIDINGS_DATABASE_URL: postgres.url, TIDINGS_LOG_LEVEL: 'error' },
    });
    receiver = await startReceiver();
    const { status } = await system.api('POST', '/webhooks', {
      name: 'away',
      url: `${receiver.url}/`,
      event_types: ['away'],
    });
    expect(status).toBe(201);
    const publishing = publishAll(system.natsUrl, events, PER_SECOND);
    await sleep(BEFORE_MS);
    await postgres.kill();
    const before = receiver.requests.length;
    await sleep(AWAY_MS);
    away.received = receiver.requests.length - before;
    away.published = (PER_SECOND * AWAY_MS) / 1_000;
    await postgres.restart();
    await publishing;
  });

  afterAll(async () => {
    await system?.stop();
    await receiver?.stop();
    await postgres?.stop();
  });

  it('deliveries go on at the pace at which events come', () => {
    console.info(`received while PostgreSQL was away: ${away.received} of ${away.published}`);
    expect(away.received).toBeGreaterThan(away.published * 0.95);
  });

  it('every event is delivered once', async () => {
    await waitFor(() => expect(receiver.requests.length).toBe(EVENTS), 60_000);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(EVENTS);
  });

  it('the record is complete when it is back', async () => {
    const database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
    const count = async (what: string) =>
      Number((await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${what}`)).rows[0]?.n);
    await waitFor(
      async () => expect(await count(`deliveries WHERE status = 'success'`)).toBe(EVENTS),
      120_000,
    );
    expect(await count(`events WHERE status = 'accepted' AND match_count = 1`)).toBe(EVENTS);
    expect(await count('attempts WHERE response_status = 204')).toBe(EVENTS);
    await database.end();
  });
});
