import type { DataSource } from 'typeorm';
import {
  decideWebhook,
  DEFAULT_RETRY,
  matchesEventType,
  newId,
  PLAIN_WEBHOOK,
  type WebhookDefinition,
} from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { changeWebhook } from './change-webhook.js';
import { listWebhooks, type WebhookFilter } from './list-webhooks.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  const migrating = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(migrating);
  await migrating.destroy();
  // One session, so that it can be made to tell what it did.
  database = await openDatabase(postgres.url, { name: 'spec', poolSize: 1 });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

async function make(more: Partial<WebhookDefinition>): Promise<string> {
  const id = newId('wh');
  const definition: WebhookDefinition = {
    ...PLAIN_WEBHOOK,
    name: `webhook ${id}`,
    url: 'https://example.com/',
    event_types: ['listed.by.nobody'],
    status: 'active',
    timeout_seconds: 30,
    retry: DEFAULT_RETRY,
    ...more,
  };
  await changeWebhook(
    database,
    'default',
    id,
    (state) =>
      decideWebhook(state, {
        kind: 'create',
        tenant: 'default',
        webhook: id,
        actor: 'ann',
        at: Date.now(),
        secret: 'generated',
        definition,
      }),
    () => ({ signing: new Map([[1, 'sealed']]), credentials: new Map() }),
  );
  return id;
}

const idsBy = async (filter: WebhookFilter) =>
  (await listWebhooks(database, 'default', filter, { limit: 250 })).rows.map(({ id }) => id);

describe('a list of webhooks by event type', () => {
  const patterns = [
    '*',
    '>',
    'a',
    'a.*',
    'a.>',
    '*.b',
    '*.>',
    'a.b',
    'a-b',
    'a.b.*',
    '*.b.>',
    'a.*.c.d',
    'a.b.c.>',
    'a.b.c.d.e',
    'a.*.c.*.e',
    '*.*.*.*.*',
    'a.b.c.d.>',
    'a.b.c.d.e.>',
    '>'.padStart(199, 'a.'),
  ];
  const ids = new Map<string, string>();
  beforeAll(async () => {
    for (const pattern of patterns)
      ids.set(pattern, await make({ event_types: ['before', pattern, 'after'] }));
  });

  it.each([
    'a',
    'b',
    'a-b',
    'a.b',
    'b.b',
    'a.b.c',
    'a.b.c.d',
    'a.b.c.d.e',
    'a.x.c.x.e',
    'a.b.c.d.e.f',
    'x.b.c.d.e.f.g',
    'a'.padStart(199, 'a.'),
    'e.f',
  ])('of type %s has the webhooks that would get such an event', async (type) => {
    const listening = patterns.filter((pattern) => matchesEventType(pattern, type));
    expect(await idsBy({ event_type: type })).toEqual(
      listening.map((pattern) => ids.get(pattern)).toReversed(),
    );
  });
});

describe('what one webhook of very many has', () => {
  let one: string;
  beforeAll(async () => {
    one = await make({ name: 'a needle', tags: ['seldom'], event_types: ['seldom.seen'] });
    await database.query(`
      INSERT INTO webhooks
      SELECT copy.* FROM webhooks AS w, generate_series(1, 5000) AS n, LATERAL jsonb_populate_record(
        w, jsonb_build_object('id', 'wh_copy_' || n, 'name', 'copy ' || n, 'tags', '["often"]'::jsonb,
                              'event_types', '["often.seen"]'::jsonb)) AS copy
      WHERE w.name = 'a needle'`);
    await database.query('ANALYZE webhooks');
  });

  it.each<[WebhookFilter]>([[{ tag: 'seldom' }], [{ event_type: 'seldom.seen' }], [{ q: 'needle' }]])(
    'is found without reading all of them: %j',
    async (filter) => {
      const before = await lookUps();
      expect((await idsBy(filter))[0]).toBe(one);
      expect(await lookUps()).toBeGreaterThan(before);
    },
  );
});

/** How many times the index was asked. */
async function lookUps(): Promise<number> {
  await database.query('SELECT pg_stat_force_next_flush()');
  const [found] = await database.query<{ count: number }[]>(
    `SELECT idx_scan::integer AS count FROM pg_stat_user_indexes WHERE indexrelname = 'webhooks_found_by'`,
  );
  return found?.count ?? 0;
}
