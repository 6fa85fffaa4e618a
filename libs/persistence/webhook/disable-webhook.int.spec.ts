import type { DataSource } from 'typeorm';
import { decideWebhook, DEFAULT_RETRY, newId, PLAIN_WEBHOOK, type WebhookDefinition } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { changeWebhook } from './change-webhook.js';
import { disableWebhook } from './disable-webhook.js';
import { findWebhook } from './find-webhook.js';
import { listWebhookHistory } from './webhook-history.js';

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

const CREATED = Date.UTC(2026, 10, 22, 9);
const definition: Omit<WebhookDefinition, 'name'> = {
  ...PLAIN_WEBHOOK,
  url: 'https://example.com/',
  event_types: ['a'],
  status: 'active',
  timeout_seconds: 30,
  retry: DEFAULT_RETRY,
};
const create = async () => {
  const id = newId('wh');
  const decided = { tenant: 'default', webhook: id, actor: 'ann', at: CREATED };
  await changeWebhook(
    database,
    'default',
    id,
    (state) =>
      decideWebhook(state, {
        ...decided,
        kind: 'create',
        secret: 'generated',
        definition: { ...definition, name: id },
      }),
    () => ({ signing: new Map([[1, 'sealed']]), credentials: new Map() }),
  );
  return id;
};
const change = (id: string, fields: Partial<WebhookDefinition>, at: number) =>
  changeWebhook(database, 'default', id, (state) =>
    decideWebhook(state, {
      tenant: 'default',
      webhook: id,
      actor: 'ann',
      at,
      kind: 'change',
      change: fields,
    }),
  );
const refused = (id: string, observed_at: number) =>
  disableWebhook(database, 'default', id, { reason: 'receiver_gone', observed_at });
const historyOf = async (id: string) =>
  (await listWebhookHistory(database, 'default', id, { limit: 50, cursor: undefined })).rows.map(
    ({ event }) => event,
  );

describe('a webhook that Tidings disables', () => {
  it('is off, says why, and its history tells who did it', async () => {
    const id = await create();
    expect(await refused(id, CREATED + 1)).toBe(true);
    expect(await findWebhook(database, 'default', id)).toMatchObject({
      status: 'disabled',
      disabled_reason: 'receiver_gone',
      version: 2,
    });
    expect((await historyOf(id))[0]).toMatchObject({
      type: 'webhook.disabled',
      actor: 'tidings',
      data: { reason: 'receiver_gone' },
    });
  });

  it('is disabled once, however many say so at the same time', async () => {
    const id = await create();
    const disabled = await Promise.all(Array.from({ length: 10 }, () => refused(id, CREATED + 1)));
    expect(disabled.filter(Boolean)).toHaveLength(1);
    expect(await historyOf(id)).toHaveLength(2);
  });

  it('stays as a person left it after what was seen', async () => {
    const id = await create();
    await change(id, { url: 'https://example.com/new' }, CREATED + 5_000);
    expect(await refused(id, CREATED + 4_999)).toBe(false);
    expect(await refused(id, CREATED + 5_000)).toBe(true);
  });

  it('is resumed by a person, and does not fall back for what was seen before', async () => {
    const id = await create();
    await refused(id, CREATED + 1);
    await change(id, { status: 'active' }, Date.now() + 1_000);
    expect(await refused(id, CREATED + 2)).toBe(false);
    expect(await findWebhook(database, 'default', id)).toMatchObject({
      status: 'active',
      disabled_reason: null,
    });
  });

  it('that was deleted, or never was, is left alone', async () => {
    const id = await create();
    await changeWebhook(database, 'default', id, (state) =>
      decideWebhook(state, { tenant: 'default', webhook: id, actor: 'ann', at: CREATED + 9, kind: 'delete' }),
    );
    expect(await refused(id, CREATED + 99)).toBe(false);
    expect(await refused(newId('wh'), CREATED)).toBe(false);
  });
});

describe('webhooks of an earlier version', () => {
  it('stand since the last time that their status or their URL was changed', async () => {
    const [plain, moved, paused] = [await create(), await create(), await create()];
    await change(plain, { timeout_seconds: 5 }, CREATED + 1_000);
    await change(moved, { url: 'https://example.com/new' }, CREATED + 2_000);
    await change(moved, { timeout_seconds: 5 }, CREATED + 3_000);
    await change(paused, { status: 'inactive' }, CREATED + 4_000);
    const standing = async () =>
      Promise.all(
        [plain, moved, paused].map(async (id) => {
          const at = (await findWebhook(database, 'default', id))?.standing_since;
          return at && at.getTime() - CREATED;
        }),
      );
    const before = await standing();
    const known = () =>
      database.query<object[]>(`SELECT FROM pg_tables WHERE tablename = 'webhook_activity'`);
    while ((await known()).length > 0) await database.undoLastMigration();
    await migrate(database);
    expect(await standing()).toEqual(before);
    expect(before).toEqual([0, 2_000, 4_000]);
  });
});
