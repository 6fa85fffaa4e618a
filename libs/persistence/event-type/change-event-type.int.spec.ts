import type { DataSource } from 'typeorm';
import {
  decideEventType,
  EventTypeExists,
  evolveEventType,
  NO_EVENT_TYPE,
  type EventTypeCommand,
  type EventTypeEvent,
  type EventTypeState,
} from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { LedgerRow } from '../ledger/ledger-row.js';
import { migrate } from '../migrations/migrate.js';
import { changeEventType } from './change-event-type.js';
import { eventTypeStateOf } from './event-type-state.js';
import { findEventType } from './find-event-type.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await database.query(`
    INSERT INTO tenants (id, version, name, strict_event_types, timeout_seconds, retry, created_at, updated_at)
    SELECT 'globex', 1, 'globex', false, timeout_seconds, retry, now(), now() FROM tenants`);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

type Bare = EventTypeCommand extends infer Each
  ? Each extends EventTypeCommand
    ? Omit<Each, 'tenant' | 'event_type' | 'actor' | 'at'>
    : never
  : never;
const change = (name: string, command: Bare, tenant = 'default') =>
  changeEventType(database, tenant, name, (state) =>
    decideEventType(state, { ...command, tenant, event_type: name, actor: 'ann', at: Date.now() }),
  );
const declare = (name: string, tenant?: string) =>
  change(
    name,
    {
      kind: 'declare',
      definition: { description: 'd', schema: { type: 'object' }, example: { z: 1, a: 2 }, archived: false },
    },
    tenant,
  );
const ledgerOf = (name: string) =>
  database.manager.find(LedgerRow, {
    where: { aggregate_type: 'event_type', aggregate_id: name, tenant: 'default' },
    order: { version: 'ASC' },
  });

describe('a change of an event type', () => {
  it('stands in the ledger, and the row is what the ledger makes of it', async () => {
    await declare('order.replayed');
    await change('order.replayed', { kind: 'change', change: { schema: null, archived: true } });
    const entries = await ledgerOf('order.replayed');
    expect(entries.map(({ version, type }) => [version, type])).toEqual([
      [1, 'event_type.declared'],
      [2, 'event_type.changed'],
      [3, 'event_type.archived'],
    ]);
    const events = entries.map(({ tenant, aggregate_id, type, data, actor, at }) => {
      return { tenant, event_type: aggregate_id, type, data, actor, at: at.getTime() };
    }) as unknown as EventTypeEvent[];
    const replayed = events.reduce<EventTypeState>(evolveEventType, NO_EVENT_TYPE);
    const row = await findEventType(database, 'default', 'order.replayed');
    expect(eventTypeStateOf(row, 0)).toEqual(replayed);
    expect(JSON.stringify(row?.example)).toBe('{"z":1,"a":2}');
  });

  it('of a deleted name goes on with its versions', async () => {
    await declare('order.again');
    expect((await change('order.again', { kind: 'delete' })).row).toBeNull();
    expect((await declare('order.again')).row?.version).toBe(3);
    expect((await ledgerOf('order.again')).map((entry) => entry.version)).toEqual([1, 2, 3]);
  });

  it('that two declare at once is made by one of them', async () => {
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => declare('order.raced')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of tries)
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(EventTypeExists);
    expect(await ledgerOf('order.raced')).toHaveLength(1);
  });

  it('of one tenant leaves the type of the same name of another alone', async () => {
    await declare('order.shared');
    await declare('order.shared', 'globex');
    await change('order.shared', { kind: 'delete' }, 'globex');
    expect(await findEventType(database, 'default', 'order.shared')).not.toBeNull();
    expect(await findEventType(database, 'globex', 'order.shared')).toBeNull();
  });

  it('of one writer is seen by the next, so versions have no holes', async () => {
    await declare('order.contended');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        change('order.contended', { kind: 'change', change: { description: `${i}` } }),
      ),
    );
    const versions = (await ledgerOf('order.contended')).map((entry) => entry.version);
    expect(versions).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  });
});
