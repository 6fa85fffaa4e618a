import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startReceiver, startStandalone, waitFor, type Receiver } from '#testing';

const EVENTS = 300;
const STOP_WITHIN_MS = 10_000;

describe('SIGTERM under load', () => {
  let dataDir: string;
  let receiver: Receiver;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidings-stop-'));
    receiver = await startReceiver({ delayMs: 400 });
  });

  afterAll(async () => {
    await receiver?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('finishes what is in flight, tells the record, exits in time, and repeats nothing after the next start', async () => {
    const first = await startStandalone({ dataDir });
    await first.api('POST', '/webhooks', { name: 'slow', url: `${receiver.url}/slow`, event_types: ['*'] });
    const events = Array.from({ length: EVENTS }, (_, i) => ({
      type: 'stop.test',
      id: `stop-${i}`,
      data: { i },
    }));
    await Promise.all(events.map((event) => first.api('POST', '/events', event)));
    await waitFor(() => expect(receiver.requests.length).toBeGreaterThan(20), 20_000);

    const started = Date.now();
    const end = await first.stop();
    expect(end.code).toBe(0);
    expect(Date.now() - started).toBeLessThan(STOP_WITHIN_MS * 2);

    const second = await startStandalone({ dataDir });
    const database = new pg.Client({ connectionString: second.databaseUrl });
    await database.connect();
    await waitFor(async () => {
      const { rows } = await database.query<{ n: string }>(
        `SELECT count(*) AS n FROM deliveries WHERE status = 'success'`,
      );
      expect(Number(rows[0]?.n)).toBe(EVENTS);
    }, 30_000);
    const { rows } = await database.query<{ n: string }>('SELECT count(*) AS n FROM attempts');
    await database.end();
    await second.stop();
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(EVENTS);
    expect(new Set(ids).size).toBe(EVENTS);
    expect(Number(rows[0]?.n)).toBe(EVENTS);
  }, 120_000);

  it.each(['dispatcher', 'subscriber', 'admin-api'])(
    'a %s that is asked to stop is gone within ten seconds',
    async (name) => {
      const system = await startStandalone({ dataDir });
      const pid = (await system.processes())[name] ?? 0;
      const started = Date.now();
      process.kill(pid, 'SIGTERM');
      await waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), STOP_WITHIN_MS);
      expect(Date.now() - started).toBeLessThan(STOP_WITHIN_MS);
      await system.stop();
    },
    60_000,
  );
});
