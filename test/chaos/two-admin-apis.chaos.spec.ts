import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '#bus';
import { evolveWebhook, NO_WEBHOOK, type WebhookEvent, type WebhookState } from '#domain';
import { liveWebhookOf, openDatabase, routedWebhookOf, WebhookRow, type DataSource } from '#persistence';
import { startNats, startPostgres, TOPOLOGY, waitFor, type TestNats, type TestPostgres } from '#testing';
import { startAppProcess, type AppProcess } from './app-process.js';
import { WebhookWriters } from './webhook-writers.js';

const WRITERS = 12;
const LIMIT = 4;
const KILLS = 6;
const OPERATOR_KEY = `tdg_chaos_${randomBytes(12).toString('hex')}`;

interface Entry {
  seq: number;
  tenant: string;
  aggregate_type: string;
  id: string;
  version: number;
  type: WebhookEvent['type'];
  data: object;
  actor: string;
  at: Date;
}

describe('two admin-apis that many write to at once', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  let replicas: AppProcess[];
  let writers: WebhookWriters;
  let database: DataSource;
  let counter: string;

  beforeAll(async () => {
    [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
    const environment = {
      TIDINGS_NATS_URL: nats.url,
      TIDINGS_DATABASE_URL: postgres.url,
      TIDINGS_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      TIDINGS_OPERATOR_KEY: OPERATOR_KEY,
      TIDINGS_API_RATE_LIMIT: '1000000',
    };
    replicas = await Promise.all([
      startAppProcess('admin-api', environment),
      startAppProcess('admin-api', environment),
    ]);
    database = await openDatabase(postgres.url, { name: 'spec' });
    writers = new WebhookWriters(
      () => replicas.map(({ url }) => url),
      OPERATOR_KEY,
      ['acme', 'limited'],
      'once',
    );
    for (const [id, max_webhooks] of [
      ['acme', null],
      ['limited', LIMIT],
      ['once', null],
    ] as const)
      expect((await writers.ask('POST', '/tenants', 'default', { id, name: id, max_webhooks }))?.status).toBe(
        201,
      );
    counter = await writers.addCounter('acme');
  }, 60_000);

  afterAll(async () => {
    await database?.destroy();
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await Promise.all([postgres?.stop(), nats?.stop()]);
  });

  const ledger = (): Promise<Entry[]> =>
    database.query(
      `SELECT seq, tenant, aggregate_type, aggregate_id AS id, version, type, data, actor, at FROM ledger ORDER BY seq`,
    );

  /** What must hold whenever nobody writes. */
  async function allAgree(): Promise<void> {
    const entries = await ledger();
    const stories = Map.groupBy(entries, ({ tenant, aggregate_type, id }) =>
      [tenant, aggregate_type, id].join('/'),
    );
    for (const [of, story] of stories)
      expect([of, story.map(({ version }) => version)]).toEqual([of, story.map((_, i) => i + 1)]);

    const states = new Map<string, WebhookState>();
    const live = new Map<string, Set<string>>();
    for (const { id, tenant, aggregate_type, type, data, actor, at } of entries) {
      if (aggregate_type !== 'webhook') continue;
      const event = { type, tenant, webhook: id, actor, at: at.getTime(), data } as WebhookEvent;
      states.set(id, evolveWebhook(states.get(id) ?? NO_WEBHOOK, event));
      const those = live.get(tenant) ?? new Set();
      live.set(tenant, type === 'webhook.deleted' ? (those.delete(id), those) : those.add(id));
      if (tenant === 'limited') expect(those.size).toBeLessThanOrEqual(LIMIT);
    }
    const rows = await database.manager.find(WebhookRow, { order: { id: 'ASC' } });
    const told = [...states.values()].filter(({ kind }) => kind === 'live');
    expect(rows.map(liveWebhookOf)).toEqual(told.sort(byId));
    const names = rows.map(({ tenant, name }) => `${tenant}/${name}`);
    expect(new Set(names).size).toBe(names.length);

    const at = new Map(entries.map((entry) => [`${entry.id}/${entry.version}`, entry]));
    for (const { id, version, description, expected } of writers.acknowledged) {
      expect(at.get(`${id}/${version}`)).toMatchObject({ type: 'webhook.changed', data: { description } });
      if (expected !== undefined) expect(version).toBe(expected + 1);
    }
    for (const { id } of writers.deleted) expect(states.get(id)).toMatchObject({ kind: 'deleted' });

    const count = Number(rows.find(({ id }) => id === counter)?.metadata['n']);
    expect(count).toBeGreaterThanOrEqual(writers.counted);
    expect(count).toBeLessThanOrEqual(writers.counted + writers.perhapsCounted);

    const created = entries.filter(({ tenant, type }) => tenant === 'once' && type === 'webhook.created');
    const once = Map.groupBy(created, ({ data }) => (data as { name: string }).name);
    for (const [name, made] of once) expect([name, made.length]).toEqual([name, 1]);
    for (const [key, answers] of writers.repeated) {
      const good = answers.filter(({ status }) => status === 201);
      expect(new Set(good.map(({ text }) => text)).size).toBeLessThanOrEqual(1);
      if (good.length > 0) expect(once.has(key)).toBe(true);
    }
    expect([...writers.statuses.keys()].filter((status) => /^5/.test(status) && status !== '503')).toEqual(
      [],
    );
    await bucketAgrees(rows);
  }

  async function bucketAgrees(rows: WebhookRow[]): Promise<void> {
    const bus = await Bus.open({ url: nats.url, name: 'spec', waitMs: 10_000 }, TOPOLOGY);
    const expected = rows.map(routedWebhookOf);
    try {
      await waitFor(async () => expect((await bus.webhooks.entries()).sort(byId)).toEqual(expected), 20_000);
    } finally {
      await bus.close();
    }
  }

  const byId = (a: object, b: object) => ((a as { id: string }).id < (b as { id: string }).id ? -1 : 1);

  /** How often each status was answered since the last time. */
  function statuses(): Record<string, number> {
    const seen = Object.fromEntries(writers.statuses);
    writers.statuses.clear();
    return seen;
  }

  it('lose no update, keep names, versions and limits, and leave tables and bucket equal', async () => {
    statuses();
    await writers.during(WRITERS, () => sleep(8_000));
    const seen = [...writers.statuses.keys()];
    // Each way of losing was tried: stale, taken or under way, full, gone.
    expect(seen).toEqual(expect.arrayContaining(['200', '201', '204', '404', '409', '412', '422']));
    expect(seen).not.toContain('none');
    await allAgree();
    expect(writers.perhapsCounted).toBe(0);
    for (const answers of writers.repeated.values()) {
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(answers[0]?.text).toBe(answers[1]?.text);
    }
    console.info('undisturbed', statuses());
  }, 60_000);

  it('the same while one or the other is killed again and again in the middle of its work', async () => {
    await writers.during(WRITERS, async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(200 + Math.random() * 600);
        const victim = replicas[Math.floor(Math.random() * replicas.length)];
        await victim?.kill();
        await sleep(Math.random() * 500);
        await victim?.restart();
      }
    });
    await allAgree();
    console.info(`${KILLS} kills of an admin-api`, statuses());
  }, 60_000);

  it('the same when both are killed at once, and only one comes back', async () => {
    await writers.during(WRITERS, async () => {
      await sleep(1_000);
      await Promise.all(replicas.map((replica) => replica.kill()));
      await replicas[1]?.restart();
      await sleep(500);
    });
    await allAgree();
    await replicas[0]?.restart();
    statuses();
  }, 60_000);

  it('the same when PostgreSQL is killed', async () => {
    await writers.during(WRITERS, async () => {
      await sleep(1_000);
      await postgres.kill();
      await sleep(500);
      await postgres.restart();
      await sleep(3_000);
    });
    await allAgree();
    console.info('PostgreSQL was killed', statuses());
  }, 60_000);

  it('the same when NATS is killed', async () => {
    await writers.during(WRITERS, async () => {
      await sleep(1_000);
      await nats.kill();
      await sleep(500);
      await nats.restart();
      await sleep(3_000);
    });
    await allAgree();
    console.info('NATS was killed', statuses());
  }, 60_000);
});
