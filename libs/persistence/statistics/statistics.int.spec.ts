import fc from 'fast-check';
import type { Fact } from '#domain';
import { startPostgres, waitFor, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { RETURNS_OLD_FROM } from '../record/move-deliveries.js';
import { Projection } from '../record/project-facts.js';
import { accepted, attempt, delivery, finished, MORNING } from '../record/testing/facts-for-tests.js';
import { ageOfUnfolded, foldTallies } from './fold-tallies.js';
import { forgetMinutes, minutesKeptFrom } from './kept-minutes.js';
import { LATENCY_ERROR, latencyPercentiles } from './latency-histogram.js';
import { histories } from './testing/histories.js';
import { recount, strayNumbers, tallied, trueLatencies } from './testing/recount.js';

type Database = Awaited<ReturnType<typeof openDatabase>>;

let postgres: TestPostgres;
let database: Database;
let folder: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  folder = await openDatabase(postgres.url, { name: 'folder' });
  await migrate(database);
}, 60_000);
afterAll(async () => {
  await Promise.all([database.destroy(), folder.destroy()]);
  await postgres.stop();
});

const empty = () =>
  database.query(
    'TRUNCATE events, deliveries, attempts, left_open, webhook_activity, tallies, minute_tallies, tally_deltas',
  );
beforeEach(empty);

const SHARES = [0.01, 0.5, 0.95, 0.99, 1];
/** Shown to a tenth of a millisecond. */
const ROUNDING = 0.05;
const ALL_TIME = new Date(0);

/** Folds until nothing is left, as folders of several replicas would: two at once, some at a time. */
async function foldAll(atOnce = 2): Promise<void> {
  while ((await ageOfUnfolded(database)) > 0 || (await unfolded()) > 0)
    await Promise.all([foldTallies(database, atOnce), foldTallies(folder, atOnce)]);
}
const unfolded = async () =>
  (await database.query<{ count: number }[]>('SELECT count(*)::int AS count FROM tally_deltas'))[0]?.count ??
  0;

async function expectExact(): Promise<void> {
  expect(await tallied(database, 'hour')).toEqual(await recount(database, 'hour', ALL_TIME));
  const kept = new Date(minutesKeptFrom(Date.now()));
  expect(await tallied(database, 'minute')).toEqual(await recount(database, 'minute', kept));
  expect(await strayNumbers(database)).toEqual([]);
  for (const { counts, truth, last, last_attempt_at } of await trueLatencies(database, SHARES)) {
    expect(last_attempt_at).toEqual(last);
    latencyPercentiles(counts, SHARES).forEach((told, i) => {
      const exact = truth[i] ?? NaN;
      expect(Math.abs((told ?? NaN) - exact)).toBeLessThanOrEqual(exact * LATENCY_ERROR + ROUNDING);
    });
  }
}

const failure = (event: string, at = MORNING): Fact[] => {
  const ref = delivery(event, 'wh_1', at);
  const { delivery: id, webhook } = ref;
  return [
    accepted({ id: event, accepted_at: at, matches: [{ delivery: id, webhook }], match_count: 1 }),
    finished(ref, attempt(1, 500, at + 10), 'failed'),
  ];
};

describe('the tallies', () => {
  it.each([
    ['PostgreSQL 18', RETURNS_OLD_FROM],
    ['PostgreSQL 15 to 17', RETURNS_OLD_FROM - 1],
  ])(
    'are what a recount of the record gives, in whatever order and however often facts come to two replicas, as on %s',
    async (_name, version) => {
      const [one, other] = [database, folder].map((each) => new Projection(each, { version }));
      await fc.assert(
        fc.asyncProperty(
          histories.chain((facts) =>
            fc.record({
              first: fc.shuffledSubarray(facts, { minLength: facts.length }),
              second: fc.shuffledSubarray(facts),
              cut: fc.integer({ min: 0, max: facts.length }),
            }),
          ),
          async ({ first, second, cut }) => {
            await empty();
            await Promise.all([
              one?.project(first.slice(0, cut)).then(() => one.project(first.slice(cut))),
              other?.project(second),
              foldTallies(database, 1),
            ]);
            await foldAll();
            await expectExact();
          },
        ),
        { numRuns: 60 },
      );
    },
    120_000,
  );

  it('count what was on record before there were any', async () => {
    const old = await openDatabase(await postgres.createDatabase(), { name: 'spec' });
    await migrate(old);
    const facts = fc.sample(histories, { numRuns: 20, seed: 7 }).flat();
    await new Projection(old).project(facts);
    while (old.migrations.length > 0) {
      await old.undoLastMigration();
      const [left] = await old.query<{ there: string | null }[]>(`SELECT to_regclass('tallies') AS there`);
      if (left?.there === null) break;
    }
    await migrate(old);
    await foldTallies(old);
    expect(await tallied(old, 'hour')).toEqual(await recount(old, 'hour', ALL_TIME));
    const kept = new Date(minutesKeptFrom(Date.now()));
    expect(await tallied(old, 'minute')).toEqual(await recount(old, 'minute', kept));
    for (const { counts, truth } of await trueLatencies(old, [0.5]))
      expect(Math.abs((latencyPercentiles(counts, [0.5])[0] ?? NaN) - (truth[0] ?? NaN))).toBeLessThanOrEqual(
        (truth[0] ?? NaN) * LATENCY_ERROR + ROUNDING,
      );
    await old.destroy();
  }, 60_000);

  it('have changed in nothing when their folder dies, and the next one folds the same', async () => {
    await new Projection(database).project([...failure('evt_1'), ...failure('evt_2')]);
    await foldAll();
    await new Projection(database).project(failure('evt_3'));
    const before = await tallied(database, 'hour');
    const session = database.createQueryRunner();
    await session.startTransaction();
    await session.query('LOCK TABLE minute_tallies, tally_deltas IN SHARE MODE');
    const dying = foldTallies(folder).catch((error: unknown) => error);
    await waitFor(async () => {
      const killed = await database.query<unknown[]>(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'folder' AND wait_event_type = 'Lock'`,
      );
      expect(killed).toHaveLength(1);
    });
    expect(await dying).toBeInstanceOf(Error);
    await session.rollbackTransaction();
    await session.release();
    expect(await tallied(database, 'hour')).toEqual(before);
    expect(await ageOfUnfolded(database)).toBeGreaterThan(0);
    await foldAll();
    await expectExact();
    expect(await ageOfUnfolded(database)).toBe(0);
  });

  it('are folded by one at a time; whoever comes meanwhile does nothing', async () => {
    await new Projection(database).project(failure('evt_1'));
    const session = folder.createQueryRunner();
    await session.startTransaction();
    await session.query('LOCK TABLE tallies IN EXCLUSIVE MODE');
    const first = foldTallies(database);
    await waitFor(async () =>
      expect(
        await folder.query(
          `SELECT 1 FROM pg_stat_activity WHERE application_name = 'spec' AND wait_event_type = 'Lock'`,
        ),
      ).toHaveLength(1),
    );
    expect(await foldTallies(folder)).toEqual({ deltas: 0, tallies: 0, more: false });
    await session.rollbackTransaction();
    await session.release();
    expect(await first).toMatchObject({ deltas: 1 });
    await expectExact();
  });

  it('keep minutes of today and the two days before, and hours of all', async () => {
    const now = Date.now();
    const kept = minutesKeptFrom(now);
    const ago = [kept - 1, kept, now].map((at, i) => failure(`evt_${i}`, at));
    for (const facts of ago) await new Projection(database).project(facts);
    await foldAll();
    const minutes = async () =>
      (
        await database.query<{ starts_at: Date }[]>(
          `SELECT starts_at FROM minute_tallies WHERE webhook_id = '' ORDER BY 1`,
        )
      ).map(({ starts_at }) => starts_at.getTime());
    const [first, second = NaN] = [kept, now - (now % 60_000)];
    expect((await minutes()).filter((at) => at <= second)).toEqual(expect.arrayContaining([first, second]));
    expect((await minutes()).filter((at) => at < kept)).toEqual([]);
    expect(
      (await database.query<unknown[]>(`SELECT 1 FROM tallies WHERE webhook_id = '' AND event_type = ''`))
        .length,
    ).toBeGreaterThan(1);
    await expectExact();
    const tomorrow = now + 86_400_000;
    expect(await forgetMinutes(database, tomorrow)).toHaveLength(1);
    expect((await minutes())[0]).toBeGreaterThanOrEqual(minutesKeptFrom(tomorrow));
    expect(await forgetMinutes(database, tomorrow)).toEqual([]);
  });

  it('make the day they need again when it was dropped', async () => {
    await new Projection(database).project(failure('evt_1', MORNING - 50 * 86_400_000));
    const [day] = await database.query<{ name: string }[]>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'tallies'::regclass ORDER BY 1 LIMIT 1`,
    );
    await database.query(`DROP TABLE ${day?.name}`);
    await foldAll();
    await expectExact();
  });
});
