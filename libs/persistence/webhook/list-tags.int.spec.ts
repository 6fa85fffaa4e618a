import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { decideWebhook, DEFAULT_RETRY, newId, PLAIN_WEBHOOK, type WebhookDefinition } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { TagsCounted1764960000000 } from '../migrations/1764960000000-tags-counted.js';
import { endAllOfTenant } from '../tenant/end-all-of-tenant.js';
import { changeWebhook } from './change-webhook.js';
import { listTags, tagsStatement, type TagCount } from './list-tags.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});
afterEach(() => database.query('DELETE FROM webhooks'));

const TENANT = 'default';
const command = (webhook: string) => ({ tenant: TENANT, webhook, actor: 'ann', at: Date.now() });
const SEALED = { signing: new Map([[1, 'sealed']]), credentials: new Map<never, never>() };

async function make(tags: string[]): Promise<string> {
  const id = newId('wh');
  const definition: WebhookDefinition = {
    ...PLAIN_WEBHOOK,
    ...{ name: `webhook ${id}`, url: 'https://example.com/', event_types: ['*'], tags },
    ...{ status: 'active', timeout_seconds: 30, retry: DEFAULT_RETRY },
  };
  const create = { ...command(id), kind: 'create' as const, secret: 'generated' as const, definition };
  await changeWebhook(
    database,
    TENANT,
    id,
    (state) => decideWebhook(state, create),
    () => SEALED,
  );
  return id;
}

const change = (id: string, changed: Partial<WebhookDefinition>) =>
  changeWebhook(database, TENANT, id, (state) =>
    decideWebhook(state, { ...command(id), kind: 'change', change: changed }),
  );
const remove = (id: string) =>
  changeWebhook(database, TENANT, id, (state) => decideWebhook(state, { ...command(id), kind: 'delete' }));

/** All pages, as a client asks for them. */
async function listed(limit = 2): Promise<TagCount[]> {
  const all: TagCount[] = [];
  let cursor: string | undefined;
  do {
    const page = await listTags(database, TENANT, { limit, cursor });
    all.push(...page.rows);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

const recount = () =>
  database.query<TagCount[]>(
    `SELECT tag COLLATE "C" AS tag, count(*)::integer AS webhooks FROM webhooks, unnest(tags) AS tag
      WHERE tenant = $1 GROUP BY 1 ORDER BY 1`,
    [TENANT],
  );

const someTags = fc.uniqueArray(fc.constantFrom('a', 'b', 'B', 'ä', 'z z', '%'), { maxLength: 4 });

describe('the tags of a tenant', () => {
  it('are those of its webhooks, whatever several writers did to them at once', async () => {
    const steps = fc.array(fc.option(someTags, { freq: 3 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 8 }), async (webhooks) => {
        await Promise.all(
          webhooks.map(async ([first, ...rest]) => {
            const id = await make(first ?? []);
            for (const tags of rest) {
              if (tags === null) return remove(id);
              await change(id, { tags });
            }
            return change(id, { status: 'inactive' });
          }),
        );
        expect(await listed()).toEqual(await recount());
      }),
      { numRuns: 30 },
    );
  });

  it('are gone with the last webhook that had them', async () => {
    const one = await make(['kept', 'lost']);
    await make(['kept']);
    await remove(one);
    expect(await listed()).toEqual([{ tag: 'kept', webhooks: 1 }]);
    expect(await database.query('SELECT tag FROM webhook_tags')).toEqual([{ tag: 'kept' }]);
  });

  it('are gone with the tenant, and those of others stay', async () => {
    await make(['a', 'b']);
    await database.query(
      `INSERT INTO webhooks SELECT copy.* FROM webhooks AS w,
         jsonb_populate_record(w, '{"tenant":"globex","id":"wh_other"}') AS copy`,
    );
    await database.transaction((manager) => endAllOfTenant(manager, TENANT, 'ann', new Date()));
    expect(await listed()).toEqual([]);
    expect((await listTags(database, 'globex', { limit: 50 })).rows).toEqual([
      { tag: 'a', webhooks: 1 },
      { tag: 'b', webhooks: 1 },
    ]);
  });

  it('of webhooks that were there before anybody counted are counted', async () => {
    const counted = new TagsCounted1764960000000();
    const session = database.createQueryRunner();
    try {
      await counted.down(session);
      await make(['a', 'b']);
      await make(['b']);
      await counted.up(session);
    } finally {
      await session.release();
    }
    expect(await listed()).toEqual([
      { tag: 'a', webhooks: 1 },
      { tag: 'b', webhooks: 2 },
    ]);
  });

  it('are listed without reading webhooks, and no further than the page goes', async () => {
    await database.query(
      `INSERT INTO webhook_tags (tenant, tag, webhooks) SELECT 'large', 'tag ' || n, 1 FROM generate_series(1, 20000) AS n`,
    );
    await database.query('ANALYZE webhook_tags');
    const [text, values] = tagsStatement(database, 'large', { limit: 50 }).getQueryAndParameters();
    const plan = await database.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ANALYZE ${text}`, values);
    const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/Index Scan using webhook_tags_pkey .*rows=51\b/);
    expect(lines).not.toMatch(/Seq Scan|Sort|\bon webhooks\b/);
    await database.query(`DELETE FROM webhook_tags WHERE tenant = 'large'`);
  });
});
