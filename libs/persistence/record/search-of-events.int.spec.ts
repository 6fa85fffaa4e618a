import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { dayOf, ensureDayPartitions } from './day-partitions.js';
import { listEvents, type EventFilter } from './list-events.js';
import { forgetDays, indexPastDays } from './past-indexes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const TODAY = Math.floor(NOW / DAY_MS) * DAY_MS;
const DAYS = [3, 2, 1, 0].map((days) => TODAY - days * DAY_MS);
const FIRST = TODAY - 3 * DAY_MS;
/** More on each day than is looked at before an index is asked, and so many that PostgreSQL takes it, at any time of day. */
const COUNT = 10_000;

interface Made {
  id: string;
  at: number;
  type: string;
  data: string | null;
}

const textOf = (letters: string, maxLength = 9) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength });
const word = fc.oneof(
  { arbitrary: textOf('abcdeABCDE'), weight: 3 },
  { arbitrary: textOf('0123456789', 6), weight: 3 },
  textOf('aäÄoöÖéÉñÑßøØ'),
  textOf('жЖяЯдД'),
  textOf('αΑβΒσΣς'),
  textOf('日本語東京', 4),
  textOf('😀🎉👩🏽', 3),
  textOf(`a1%_\\*.'"`, 4),
);
const phrase = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
const data = fc.oneof(
  { arbitrary: fc.constant(null), weight: 1 },
  { arbitrary: phrase.map((text) => JSON.stringify(text)), weight: 2 },
  {
    arbitrary: fc
      .record({ order: textOf('0123456789', 7), email: textOf('abcde.-'), words: fc.array(phrase) })
      .map(({ order, email, words }) =>
        JSON.stringify({ order: `ORD-${order}`, to: `${email}@example.com`, words }),
      ),
    weight: 9,
  },
);
const type = fc.constantFrom('order.created', 'order.paid', 'user.signed_up', 'Stock.low', 'task.v2.done-1');
const ownId = fc.oneof(textOf('abcdeABCDE0123456789-_.:', 12), fc.uuid());

/** Over the days evenly, some at the same millisecond. */
const made: Made[] = fc
  .sample(fc.record({ ownId, type, data }), COUNT)
  .map(({ ownId: own, ...event }, n) => ({
    ...event,
    id: `${own}${n}`,
    at: FIRST + Math.floor(((NOW - FIRST) / COUNT) * (n % 7 === 0 ? n : n + 1)),
  }));

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await ensureDayPartitions(database, DAYS.map(dayOf));
  for (const tenant of ['acme', 'globex'])
    await database.query(
      `INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, sequence, status, match_count)
       SELECT $1, id, to_timestamp(at / 1000.0), type, '2026-03-01T00:00:00Z', data, 1, 'accepted', 0
         FROM json_to_recordset($2::json) AS m(id text, at bigint, type text, data text)`,
      [tenant, JSON.stringify(tenant === 'acme' ? made : made.slice(0, 100))],
    );
  await database.query('ANALYZE events');
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

/** Letters without their case, one by one: what stands beside a letter changes nothing. */
const folded = (text: string) => [...text].map((letter) => letter.toLowerCase()).join('');

/** What is to be found, as anybody would write it down. */
function expected({ q = '', type: wanted, since, until }: EventFilter): Made[] {
  return made
    .filter(({ id, type, data }) => [id, type, data ?? ''].some((text) => folded(text).includes(folded(q))))
    .filter(({ type }) => wanted === undefined || type === wanted)
    .filter(({ at }) => (!since || at >= since.getTime()) && (!until || at < until.getTime()));
}

/** All pages, as a client asks for them. */
async function found(filter: EventFilter, limit: number) {
  const rows: { id: string; at: number }[] = [];
  let cursor: string | undefined;
  do {
    const page = await listEvents(database, 'acme', filter, { limit, cursor });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows.map(({ id, accepted_at }) => ({ id, at: accepted_at.getTime() })));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

/** The other case of a letter that has one, and nothing that is longer or comes back as another. */
function otherCase(letter: string): string {
  const other = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
  return folded(other) === folded(letter) ? other : letter;
}

/**
 * A piece of something that is there, in whatever case; as long as what a person
 * pastes, or shorter.
 */
const piece = fc
  .record({
    of: fc.constantFrom(...made),
    where: fc.constantFrom('id' as const, 'type' as const, 'data' as const),
    from: fc.nat({ max: 120 }),
    length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 30 })),
    turned: fc.boolean(),
  })
  .map(({ of, where, from, length, turned }) => {
    const letters = [...(of[where] ?? of.id)];
    const piece = letters.slice(from % letters.length, (from % letters.length) + length);
    return (turned ? piece.map(otherCase) : piece).join('');
  })
  .filter((text) => text !== '');
const time = fc.integer({ min: FIRST, max: NOW }).map((at) => new Date(at));
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
const searches = fc.record({
  filter: fc.record({
    q: fc.oneof({ arbitrary: piece, weight: 5 }, { arbitrary: phrase, weight: 2 }),
    type: fc.option(type, { nil: undefined, freq: 5 }),
    since: maybe(time),
    until: maybe(time),
  }),
  limit: fc.constantFrom(20, 50, 250),
});

const holds = () =>
  fc.assert(
    fc.asyncProperty(searches, async ({ filter, limit }) => {
      const rows = await found(filter, limit);
      const ids = rows.map(({ id }) => id);
      expect(ids.toSorted()).toEqual(
        expected(filter)
          .map(({ id }) => id)
          .toSorted(),
      );
      const times = rows.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((one, other) => other - one));
    }),
    { numRuns: 120, endOnFailure: true },
  );

describe('a search finds each event that has the text in its id, its type or its data, once, newest first', () => {
  it('on days that are looked through', holds, 120_000);

  it('on days that have their indexes', async () => {
    expect(await indexPastDays(database, TODAY + 2 * HOUR_MS)).toContainEqual(
      expect.stringMatching(/^events_\d+_searched$/),
    );
    forgetDays(database);
    await holds();
    expect(await lookUps()).toBeGreaterThan(0);
  }, 120_000);

  it.each([
    ['an order’s number', () => 'ORD-'],
    ['an address', () => '@EXAMPLE.com'],
    ['words of the data in another script', () => 'ЖЯ'],
    ['part of an id', () => made[1_000]?.id.slice(2) ?? ''],
    ['two signs', () => '語東'],
    ['a sign that patterns use', () => '%_'],
  ])('by %s', async (_title, q) => {
    const ids = (await found({ q: q() }, 250)).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.toSorted()).toEqual(
      expected({ q: q() })
        .map(({ id }) => id)
        .toSorted(),
    );
  });
});

/** How many times indexes of texts were asked. */
async function lookUps(): Promise<number> {
  await database.query('SELECT pg_stat_force_next_flush()');
  const [asked] = await database.query<{ count: number }[]>(
    `SELECT sum(idx_scan)::integer AS count FROM pg_stat_user_indexes WHERE indexrelname LIKE 'events%searched'`,
  );
  return asked?.count ?? 0;
}
