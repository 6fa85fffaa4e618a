import { Bus, wholeFact, type JournalWriter } from '#bus';
import { deliveryIdOf, newId, type AttemptFinished, type DeliveryRef, type Fact } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import { foldTallies, migrate, openDatabase, Projection, type DataSource } from '#persistence';
import {
  readJournal,
  routedTenant,
  startNats,
  startPostgres,
  TOPOLOGY,
  waitFor,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { rebuild, type RebuildStep } from '../../apps/cli/rebuild/rebuild.js';
import { startSubscriber } from '../../apps/subscriber/start-subscriber.js';

const TABLES = ['events', 'deliveries', 'attempts', 'tallies', 'minute_tallies'];
const DAY_MS = 86_400_000;
const LARGE = `{"pad":"${'x'.repeat(20_000)}"}`;

let nats: TestNats;
let postgres: TestPostgres;
let bus: Bus;
let journal: JournalWriter;
let database: DataSource;
let subscriber: RunningApp;
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  await bus.tenants.put(routedTenant({ id: 'default' }));
  journal = bus.journal('spec');
  subscriber = await startSubscriber({
    ...{ natsUrl: nats.url, databaseUrl: postgres.url, topology: TOPOLOGY, host: '127.0.0.1', port: 0 },
    logger: createLogger('silent', 'subscriber'),
  });
}, 60_000);
afterAll(async () => {
  await subscriber?.stop();
  await journal?.close(1_000);
  await bus?.close();
  await database?.destroy();
  await Promise.all([nats?.stop(), postgres?.stop()]);
}, 60_000);

let made = 0;
function ref(): DeliveryRef {
  const created_at = Date.now();
  const event = `e-${++made}`;
  const webhook = `wh_${made % 7}`;
  const delivery = deliveryIdOf(event, webhook, created_at);
  return { tenant: 'default', delivery, event, event_type: `order.t${made % 3}`, webhook, created_at };
}

const accepted = (of: DeliveryRef): Fact => ({
  ...{ kind: 'event.accepted', tenant: of.tenant, id: of.event, type: of.event_type },
  ...{ timestamp: new Date(of.created_at).toISOString(), accepted_at: of.created_at },
  ...{ data: '{"n":1}', metadata: null, sequence: 1, match_count: 1 },
  matches: [{ delivery: of.delivery, webhook: of.webhook }],
});

function attempted(of: DeliveryRef, number: number, outcome: AttemptFinished['outcome']): Fact {
  const failed = outcome !== 'success';
  return {
    kind: 'attempt.finished',
    ...of,
    attempt: {
      ...{
        id: newId('att'),
        number,
        trigger: 'auto',
        started_at: of.created_at + number,
        duration_ms: 3 * number,
      },
      request: { method: 'POST', url: 'https://example.com/', headers: { a: 'b' }, body: '{}' },
      response: { status: failed ? 503 : 204, headers: {}, body: '', truncated: false },
      error: failed ? { kind: 'http_status', message: 'The receiver answered 503.' } : null,
    },
    outcome,
    next_attempt_at: outcome === 'retrying' ? of.created_at + 60_000 : null,
    reason: outcome === 'failed' ? 'retries_exhausted' : null,
  };
}

/** What becomes of one event: delivered at once or later, given up, cancelled, or still owed. */
function story(n: number): Fact[] {
  const of = ref();
  const cancelled: Fact = {
    ...{
      kind: 'delivery.cancelled',
      ...of,
      at: of.created_at + 9,
      attempt_count: 1,
      reason: 'cancelled_by_user',
    },
  };
  const ends: Fact[][] = [
    [attempted(of, 1, 'success')],
    [attempted(of, 1, 'retrying'), attempted(of, 2, 'success')],
    [attempted(of, 1, 'retrying'), attempted(of, 2, 'failed')],
    [attempted(of, 1, 'retrying'), cancelled],
    [attempted(of, 1, 'retrying')],
    [],
  ];
  return [accepted(of), ...(ends[n % ends.length] ?? [])];
}

async function happens(count: number): Promise<void> {
  for (let n = 0; n < count; n += 200)
    await Promise.all(
      Array.from({ length: Math.min(200, count - n) }, (_, i) => story(n + i))
        .flat()
        .map((fact) => journal.append(fact)),
    );
}

/** All that the journal tells is on record, and counted. */
async function quiet(): Promise<void> {
  await waitFor(async () => {
    expect(await bus.readAll('JOURNAL', 'projections', 100)).toBe(true);
    expect(await database.query('SELECT seq FROM tally_deltas')).toEqual([]);
  }, 30_000);
}

async function recordOf(of: DataSource): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const table of TABLES) {
    const rows = await of.query<{ row: string }[]>(
      `SELECT to_jsonb(t)::text AS row FROM ${table} t ORDER BY 1`,
    );
    dump[table] = rows.map(({ row }) => row);
  }
  return dump;
}

/** Rows that one record has and the other has not, the first few of each table. */
function differences(
  one: Record<string, string[]>,
  other: Record<string, string[]>,
): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const table of TABLES) {
    const [here, there] = [new Set(one[table]), new Set(other[table])];
    const all = [
      ...[...here].filter((row) => !there.has(row)).map((row) => `- ${row}`),
      ...[...there].filter((row) => !here.has(row)).map((row) => `+ ${row}`),
    ];
    if (all.length > 0) found[table] = [`${all.length} rows`, ...all.slice(0, 4)];
  }
  return found;
}

/** The record as somebody would have it who reads the journal once, alone and in order. */
async function recordOfJournal(): Promise<Record<string, string[]>> {
  const reader = await readJournal(bus);
  const { last } = await bus.journalFollower('spec').bounds();
  const whole = await openDatabase(await postgres.createDatabase(), { name: 'spec' });
  await migrate(whole);
  let facts = -1;
  await waitFor(() => {
    const more = reader.facts.length;
    const isQuiet = more === facts;
    facts = more;
    expect([isQuiet, last > 0]).toEqual([true, true]);
  }, 20_000);
  const all = await Promise.all(reader.facts.map((fact) => wholeFact(bus.events, fact)));
  await new Projection(whole).project(all);
  while ((await foldTallies(whole)).more);
  const dump = await recordOf(whole);
  await reader.stop();
  await whole.destroy();
  return dump;
}

const partitions = () =>
  database.query<{ oid: number }[]>(
    `SELECT inhrelid::int AS oid FROM pg_inherits WHERE inhparent = 'deliveries'::regclass ORDER BY 1`,
  );
const rebuildNow = (reached?: (step: RebuildStep) => void) =>
  rebuild({
    ...{ database, databaseUrl: postgres.url, bus, progress: () => undefined },
    ...(reached ? { reached } : {}),
  });

describe('a rebuild', () => {
  it('makes tables that equal the old ones, large payloads included', async () => {
    await happens(1_000);
    const dedupId = newId('evt');
    await bus.publishEvent({ tenant: 'default', type: 'large.one', body: LARGE, dedupId });
    await waitFor(async () =>
      expect(await database.query(`SELECT id FROM events WHERE id = '${dedupId}'`)).toHaveLength(1),
    );
    await quiet();
    const before = await recordOf(database);
    const old = await partitions();
    const done = await rebuildNow();
    expect(done?.days.length).toBeGreaterThan(0);
    expect(done?.kept).toEqual([]);
    expect(await partitions()).not.toEqual(old);
    expect(differences(before, await recordOf(database))).toEqual({});
    const left = await database.query<{ nspname: string }[]>(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tidings%'`,
    );
    expect(left).toEqual([]);
  }, 60_000);

  it('mends what was changed by hand, loses nothing that happens meanwhile, and counts it once', async () => {
    await quiet();
    await database.query(
      `UPDATE deliveries SET status = 'success', attempt_count = 0 WHERE webhook_id = 'wh_1'`,
    );
    await database.query(
      `DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE webhook_id = 'wh_2')`,
    );
    await database.query(`UPDATE tallies SET counts = '{}'`);
    let more = true;
    const happening = (async () => {
      while (more) await happens(50);
    })();
    const done = await rebuildNow();
    expect(done?.kept).toEqual([]);
    await happens(100);
    more = false;
    await happening;
    await quiet();
    expect(done?.heldMs).toBeLessThan(5_000);
    expect(differences(await recordOfJournal(), await recordOf(database))).toEqual({});
  }, 120_000);

  it.each<RebuildStep>([
    'tables made',
    'journal read',
    'projections held',
    'days exchanged',
    'old days dropped',
  ])(
    'that dies when it has come to "%s" leaves a whole record, and the next one does it all',
    async (step) => {
      await quiet();
      const before = await recordOf(database);
      const death = new Error('died');
      await expect(
        rebuildNow((reached) => {
          if (reached === step) throw death;
        }),
      ).rejects.toBe(death);
      await happens(30);
      await quiet();
      const after = await recordOf(database);
      expect(after.attempts?.length).toBe((before.attempts?.length ?? 0) + 35);
      expect((await rebuildNow())?.kept).toEqual([]);
      expect(differences(after, await recordOf(database))).toEqual({});
    },
    60_000,
  );

  it('leaves days as they are that the journal does not tell of any more', async () => {
    const day = new Date(Date.now() - 3 * DAY_MS);
    const [old] = story(0);
    await new Projection(database).project([
      { ...(old as Extract<Fact, { kind: 'event.accepted' }>), accepted_at: day.getTime() },
    ]);
    await quiet();
    const before = await recordOf(database);
    const done = await rebuildNow();
    expect(done?.kept).toEqual([{ day: day.toISOString().slice(0, 10), because: 'events' }]);
    expect(differences(before, await recordOf(database))).toEqual({});
  }, 60_000);

  it('is refused while another one is at work', async () => {
    const both = await Promise.all([rebuildNow(), rebuildNow()]);
    expect(both.filter((done) => done === undefined)).toHaveLength(1);
  }, 60_000);
});
