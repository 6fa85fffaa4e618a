import type { DataSource } from 'typeorm';
import {
  decideWebhook,
  DEFAULT_RETRY,
  evolveWebhook,
  newId,
  NO_WEBHOOK,
  PLAIN_WEBHOOK,
  WebhookExists,
  WebhookNameTaken,
  WebhookVersionConflict,
  type WebhookCommand,
  type WebhookEvent,
  type WebhookState,
} from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { LedgerRow } from '../ledger/ledger-row.js';
import { migrate } from '../migrations/migrate.js';
import { changeWebhook } from './change-webhook.js';
import { findWebhook } from './find-webhook.js';
import { webhookAtVersion } from './webhook-history.js';
import { stateOf } from './webhook-state.js';

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

type Bare = WebhookCommand extends infer Each
  ? Each extends WebhookCommand
    ? Omit<Each, 'tenant' | 'webhook' | 'actor' | 'at'>
    : never
  : never;

const decide = (id: string, command: Bare) => (state: WebhookState) =>
  decideWebhook(state, {
    ...command,
    tenant: 'default',
    webhook: id,
    actor: 'ann',
    at: Date.now(),
  });
const change = (id: string, command: Bare) => changeWebhook(database, 'default', id, decide(id, command));
const create = (id: string, name: string) =>
  changeWebhook(
    database,
    'default',
    id,
    decide(id, {
      kind: 'create',
      secret: 'generated',
      definition: {
        ...PLAIN_WEBHOOK,
        name,
        url: 'https://example.com/',
        event_types: ['a', 'b'],
        status: 'active',
        timeout_seconds: 30,
        retry: DEFAULT_RETRY,
      },
    }),
    () => ({ signing: new Map([[1, 'sealed-secret']]), credentials: new Map() }),
  );
const ledgerOf = (id: string) =>
  database.manager.find(LedgerRow, { where: { aggregate_id: id }, order: { version: 'ASC' } });

describe('a change of a webhook', () => {
  it('stands in the ledger, and the row is what the ledger makes of it', async () => {
    const id = newId('wh');
    await create(id, 'replayed');
    await change(id, { kind: 'change', change: { timeout_seconds: 5, status: 'inactive' } });
    await change(id, { kind: 'change', change: { status: 'active', event_types: ['c'] } });
    const entries = await ledgerOf(id);
    expect(entries.map(({ version, type, actor }) => [version, type, actor])).toEqual([
      [1, 'webhook.created', 'ann'],
      [2, 'webhook.changed', 'ann'],
      [3, 'webhook.paused', 'ann'],
      [4, 'webhook.changed', 'ann'],
      [5, 'webhook.resumed', 'ann'],
    ]);
    const replayed = entries
      .map(({ tenant, aggregate_id, type, data, actor, at }) => {
        return {
          tenant,
          webhook: aggregate_id,
          type,
          data,
          actor,
          at: at.getTime(),
        } as unknown as WebhookEvent;
      })
      .reduce(evolveWebhook, NO_WEBHOOK);
    expect(stateOf(await findWebhook(database, 'default', id))).toEqual(replayed);
  });

  it('that changes nothing leaves no trace', async () => {
    const id = newId('wh');
    await create(id, 'untouched');
    const { seq, row } = await change(id, { kind: 'change', change: { timeout_seconds: 30 } });
    expect([seq, row?.version]).toEqual([null, 1]);
    expect(await ledgerOf(id)).toHaveLength(1);
  });

  it('that is refused leaves no trace', async () => {
    const id = newId('wh');
    await create(id, 'refused');
    await expect(create(newId('wh'), 'refused')).rejects.toThrow(WebhookNameTaken);
    await expect(change(id, { kind: 'delete', expectedVersion: 7 })).rejects.toThrow(WebhookVersionConflict);
    expect(await ledgerOf(id)).toHaveLength(1);
  });

  it('keeps the ledger of what was deleted, and its id is never used again', async () => {
    const id = newId('wh');
    await create(id, 'short-lived');
    expect((await change(id, { kind: 'delete' })).row).toBeNull();
    expect(await findWebhook(database, 'default', id)).toBeNull();
    expect((await ledgerOf(id)).map((entry) => entry.type)).toEqual(['webhook.created', 'webhook.deleted']);
    await expect(create(id, 'reborn')).rejects.toThrow(WebhookExists);
  });

  it('of one writer is seen by the next, so versions have no holes', async () => {
    const id = newId('wh');
    await create(id, 'contended');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        change(id, { kind: 'change', change: { timeout_seconds: 100 + i } }),
      ),
    );
    const versions = (await ledgerOf(id)).map((entry) => entry.version);
    expect(versions).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    expect(await findWebhook(database, 'default', id)).toMatchObject({ version: 21 });
  });

  it('is never rewritten: the ledger refuses UPDATE, DELETE and TRUNCATE', async () => {
    for (const statement of ["UPDATE ledger SET actor = 'eve'", 'DELETE FROM ledger', 'TRUNCATE ledger'])
      await expect(database.query(statement)).rejects.toThrow('The ledger is append-only');
  });

  it('holds no secret in the ledger, not even a sealed one', async () => {
    const [row] = await database.query<{ all: string }[]>('SELECT json_agg(l)::text AS all FROM ledger l');
    expect(row?.all).toContain('"origin": "generated"');
    expect(row?.all).not.toContain('sealed-secret');
  });
});

describe('the history of a webhook', () => {
  it('makes it again as it was, however many versions it had', async () => {
    const id = newId('wh');
    await create(id, 'long-lived');
    for (let i = 1; i <= 250; i++) await change(id, { kind: 'change', change: { timeout_seconds: i } });
    for (const version of [1, 2, 200, 201, 250])
      expect(await webhookAtVersion(database, 'default', id, version)).toMatchObject({ version });
    expect(await webhookAtVersion(database, 'default', id, 201)).toMatchObject({ timeout_seconds: 200 });
    for (const [tenant, version] of [
      ['default', 252],
      ['default', 999_999_999],
      ['default', 0],
      ['rival', 1],
    ] as const)
      expect(await webhookAtVersion(database, tenant, id, version)).toBeUndefined();
  });
});
