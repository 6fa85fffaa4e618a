import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import type { AttemptFinished } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { Projection } from '../record/project-facts.js';
import { accepted, attempt, delivery, finished, MORNING } from '../record/testing/facts-for-tests.js';
import { findWebhookActivity } from './find-webhook-activity.js';

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
beforeEach(() => database.query('TRUNCATE events, deliveries, attempts, webhook_activity'));

const FAILED = 500;
const TAKEN = 204;
/** The attempt that ended so many seconds into the morning. */
const ended = (seconds: number, status: number, webhook = 'wh_1'): AttemptFinished =>
  finished(
    delivery(`evt_${seconds}`, webhook),
    attempt(1, status, MORNING + seconds * 1_000, `att_${webhook}_${seconds}`),
    status === TAKEN ? 'success' : 'retrying',
  );
/** The attempt for which nothing was sent: its transform failed, or dropped the delivery where there is no message. */
const unsent = (at: number, message: string | null = 'It threw.'): AttemptFinished => {
  const fact = ended(at, FAILED);
  const error = message === null ? null : { kind: 'transform' as const, message };
  return { ...fact, attempt: { ...fact.attempt, response: null, error, console: [] } };
};
const seconds = (at: Date | null | undefined) => (at ? (at.getTime() - MORNING) / 1_000 : null);
const shown = async (webhook = 'wh_1') => {
  const row = await findWebhookActivity(database, 'acme', webhook);
  return (
    row && [row.last_attempt_at, row.last_success_at, row.last_failure_at, row.failing_since].map(seconds)
  );
};

describe('the activity of a webhook', () => {
  it.each<[string, AttemptFinished[][], (number | null)[]]>([
    ['that succeeds', [[ended(1, TAKEN)], [ended(2, TAKEN)]], [2, 2, null, null]],
    ['that never succeeded', [[ended(1, FAILED)], [ended(2, FAILED)]], [2, null, 2, 1]],
    [
      'that fails since its last success',
      [[ended(1, TAKEN), ended(2, FAILED), ended(3, FAILED)]],
      [3, 1, 3, 2],
    ],
    ['that works again', [[ended(1, FAILED), ended(2, FAILED)], [ended(3, TAKEN)]], [3, 3, 2, null]],
    ['that fails again', [[ended(1, FAILED)], [ended(2, TAKEN)], [ended(3, FAILED)]], [3, 2, 3, 3]],
    ['whose success is told late', [[ended(1, FAILED), ended(3, FAILED)], [ended(2, TAKEN)]], [3, 2, 3, 3]],
    [
      'whose first failure is told late',
      [[ended(3, FAILED)], [ended(2, FAILED), ended(1, TAKEN)]],
      [3, 1, 3, 2],
    ],
    [
      'that works, but for its transform',
      [[ended(1, TAKEN), unsent(2), unsent(3, null)]],
      [3, 1, null, null],
    ],
    ['whose transform alone fails', [[unsent(1)], [unsent(2)]], [2, null, null, null]],
    ['that a crash let succeed and fail at once', [[ended(1, FAILED), ended(1, TAKEN)]], [1, 1, 1, null]],
  ])('%s', async (_title, batches, expected) => {
    const projection = new Projection(database);
    for (const batch of batches) await projection.project(batch);
    expect(await shown()).toEqual(expected);
  });

  it('is its own: another webhook and another tenant do not show it', async () => {
    await new Projection(database).project([ended(1, FAILED), ended(2, TAKEN, 'wh_2'), accepted()]);
    expect(await shown('wh_2')).toEqual([2, 2, null, null]);
    expect(await shown('wh_3')).toBeNull();
    expect(await findWebhookActivity(database, 'rival', 'wh_1')).toBeNull();
  });

  it('is not what a person tried out', async () => {
    const tried = ended(1, FAILED);
    await new Projection(database).project([{ ...tried, attempt: { ...tried.attempt, trigger: 'test' } }]);
    expect(await shown()).toBeNull();
  });

  it('never says that a webhook fails for longer than it does, however facts come, in batches, out of order, twice, from several replicas', async () => {
    const replicas = [new Projection(database), new Projection(database)] as const;
    const histories = fc
      .uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 })
      .chain((times) =>
        fc.record({
          facts: fc
            .array(fc.constantFrom(FAILED, FAILED, TAKEN), {
              minLength: times.length,
              maxLength: times.length,
            })
            .map((statuses) => times.map((time, i) => ended(time, statuses[i] ?? FAILED))),
          order: fc.array(fc.tuple(fc.nat({ max: times.length - 1 }), fc.nat({ max: 3 })), { maxLength: 20 }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(histories, async ({ facts, order }) => {
        await database.query('TRUNCATE webhook_activity');
        // Some of the facts in any order and repetition, each batch by one replica or the other; then all of them.
        const batches: AttemptFinished[][] = [[], [], [], []];
        for (const [which, batch] of order) batches[batch]?.push(facts[which] as AttemptFinished);
        await Promise.all(batches.map((batch, i) => replicas[i % 2 ? 1 : 0].project(batch)));
        await Promise.all(facts.map((fact, i) => replicas[i % 2 ? 1 : 0].project([fact])));

        const endOf = ({ attempt }: AttemptFinished) =>
          (attempt.started_at + attempt.duration_ms - MORNING) / 1_000;
        const ends = (failed: boolean) =>
          facts.filter(({ attempt }) => (attempt.error !== null) === failed).map(endOf);
        const lastOf = (times: number[]) => (times.length === 0 ? null : Math.max(...times));
        const success = lastOf(ends(false));
        const since = ends(true).filter((at) => at > (success ?? 0));
        const [attempted, succeeded, failed, failingSince] = (await shown()) ?? [];
        expect([attempted, succeeded, failed]).toEqual([
          Math.max(...facts.map(endOf)),
          success,
          lastOf(ends(true)),
        ]);
        if (since.length === 0) expect(failingSince).toBeNull();
        else {
          expect(failingSince).toBeGreaterThanOrEqual(Math.min(...since));
          expect(since).toContain(failingSince);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
