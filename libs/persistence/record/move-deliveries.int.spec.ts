import { startPostgres, waitFor, type TestPostgres } from '#testing';
import type { Fact } from '#domain';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { moveDeliveries, RETURNS_OLD_FROM, type DeliveryMove } from './move-deliveries.js';
import { Projection } from './project-facts.js';
import { rowsOfFacts } from './rows-of-facts.js';
import { accepted, attempt, delivery, finished, MORNING } from './testing/facts-for-tests.js';

type Database = Awaited<ReturnType<typeof openDatabase>>;

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

const rowsOf = (...facts: Fact[]) => rowsOfFacts(facts).deliveries;
const shown = (moves: DeliveryMove[]) => moves.map(({ row, was }) => [row.event_id, was, row.status]);

let events = 0;
const refs = () => {
  const ref = delivery(`evt_${++events}`);
  const owed = accepted({ id: ref.event, matches: [{ delivery: ref.delivery, webhook: ref.webhook }] });
  const retried = finished(ref, attempt(1, 500, MORNING + 10, `att_${events}_1`), 'retrying');
  const taken = finished(ref, attempt(2, 200, MORNING + 2_000, `att_${events}_2`), 'success');
  return { ref, owed, retried, taken };
};

describe.each([
  ['PostgreSQL 18', RETURNS_OLD_FROM],
  ['PostgreSQL 15 to 17', RETURNS_OLD_FROM - 1],
])('deliveries that move, as on %s', (_name, version) => {
  const move = (rows: ReturnType<typeof rowsOf>) =>
    database.transaction((manager) => moveDeliveries(manager, rows, version));

  it('tell what they were before, and those that do not move are not told', async () => {
    const [a, b, c] = [refs(), refs(), refs()];
    await new Projection(database, { version }).project([a.owed, b.owed, b.taken]);
    const moved = await move(rowsOf(a.retried, b.retried, c.taken));
    expect(shown(moved).sort()).toEqual(
      [
        [a.ref.event, 'pending', 'retrying'],
        [c.ref.event, null, 'success'],
      ].sort(),
    );
    expect(await move(rowsOf(a.retried, b.retried, c.taken))).toEqual([]);
  });

  it.each([
    ['moved', true],
    ['made', false],
  ])('and that another replica has just %s tell what that one left', async (_what, isThere) => {
    const { ref, owed, retried, taken } = refs();
    await new Projection(database).project([isThere ? owed : refs().owed]);
    const other = database.createQueryRunner();
    await other.startTransaction();
    await moveDeliveries(other.manager, rowsOf(retried), version);
    const moving = move(rowsOf(taken));
    await waitFor(async () =>
      expect(
        await database.query(
          `SELECT 1 FROM pg_stat_activity WHERE application_name = 'spec' AND wait_event_type = 'Lock'`,
        ),
      ).toHaveLength(1),
    );
    await other.commitTransaction();
    await other.release();
    expect(shown(await moving)).toEqual([[ref.event, 'retrying', 'success']]);
  });
});
