import { deliveryIdOf, newId, type AttemptFinished, type Fact } from '#domain';
import {
  daysOfRecord,
  ensureDayPartitions,
  migrate,
  openDatabase,
  Projection,
  type DataSource,
} from '#persistence';
import { startPostgres, type TestPostgres } from '#testing';
import { RetentionSweep } from './retention-sweep.js';

const DAY_MS = 86_400_000;

let postgres: TestPostgres;
let database: DataSource;
let sweeper: RetentionSweep;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

/** Each test has a record of its own, with a tenant for each of the days, and `default`. */
beforeEach(async () => {
  database = await openDatabase(await postgres.createDatabase(), { name: 'spec' });
  await migrate(database);
  sweeper = sweepOf(database);
});
afterEach(() => database.destroy());

const sweepOf = (of: DataSource) =>
  new RetentionSweep({
    database: of,
    swept: () => undefined,
    report: (problem, error) => {
      throw new Error(problem, { cause: error });
    },
  });

const keeps = (tenant: string, days: number | null) =>
  database.query(
    `INSERT INTO tenants (id, version, name, strict_event_types, timeout_seconds, retry, created_at, updated_at, retention_days)
     VALUES ($1, 1, $1, false, 30, '{}', now(), now(), $2)
     ON CONFLICT (id) DO UPDATE SET retention_days = excluded.retention_days`,
    [tenant, days],
  );

const daysAgo = (days: number) => Date.now() - days * DAY_MS;

/** An event of some days ago, and a delivery of it. */
function facts(tenant: string, days: number, outcome: AttemptFinished['outcome'] | 'pending'): Fact[] {
  const at = daysAgo(days);
  const id = newId('evt', at);
  const ref = {
    ...{ tenant, event: id, event_type: 'a.b', webhook: 'wh_1', created_at: at },
    delivery: deliveryIdOf(id, 'wh_1', at),
  };
  const event: Fact = {
    ...{ kind: 'event.accepted' as const, tenant, id, type: 'a.b', accepted_at: at },
    ...{ timestamp: new Date(at).toISOString(), data: '{}', metadata: null, sequence: 1, match_count: 1 },
    matches: [{ webhook: 'wh_1', delivery: ref.delivery }],
  };
  if (outcome === 'pending') return [event];
  const attempt: AttemptFinished['attempt'] = {
    ...{ id: newId('att', at), number: 1, trigger: 'auto', started_at: at, duration_ms: 1 },
    request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '{}' },
    ...{ response: null, error: { kind: 'timeout', message: 'No answer.' } },
  };
  const next_attempt_at = outcome === 'retrying' ? at : null;
  return [event, { kind: 'attempt.finished', ...ref, attempt, outcome, next_attempt_at, reason: null }];
}

const record = (...some: Fact[][]) => new Projection(database).project(some.flat());

/** How many events, deliveries and attempts of a tenant are left, by how many days ago. */
async function left(tenant: string): Promise<Record<string, number[]>> {
  const rows: { ago: number; kind: number }[] = await database.query(
    `SELECT (now() AT TIME ZONE 'utc')::date - (at AT TIME ZONE 'utc')::date AS ago, kind FROM (
       SELECT tenant, accepted_at AS at, 0 AS kind FROM events
       UNION ALL SELECT tenant, created_at, 1 FROM deliveries
       UNION ALL SELECT tenant, created_at, 2 FROM attempts) AS all_rows WHERE tenant = $1`,
    [tenant],
  );
  const days: Record<string, number[]> = {};
  for (const { ago, kind } of rows) {
    const counts = (days[ago] ??= [0, 0, 0]);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return days;
}

describe('a sweep', () => {
  it('makes the partitions of today and of the days to come', async () => {
    await sweeper.sweep();
    const today = Date.parse(new Date().toISOString().slice(0, 10));
    expect(await daysOfRecord(database)).toEqual([today, today + DAY_MS, today + 2 * DAY_MS]);
  });

  it('leaves to each tenant the days that it keeps, and drops what nobody keeps', async () => {
    await Promise.all([keeps('short', 3), keeps('plain', null), keeps('long', 60)]);
    for (const tenant of ['short', 'plain', 'long'])
      for (const days of [1, 3, 4, 30, 31, 60, 61]) await record(facts(tenant, days, 'success'));
    const swept = await sweeper.sweep();
    const whole = [1, 1, 1];
    expect(await left('short')).toEqual({ 1: whole, 3: whole });
    expect(await left('plain')).toEqual({ 1: whole, 3: whole, 4: whole, 30: whole });
    expect(await left('long')).toEqual({ 1: whole, 3: whole, 4: whole, 30: whole, 31: whole, 60: whole });
    expect(swept).toMatchObject({ busy: [], deliveries: 6, events: 6 });
    expect(swept?.dropped).toEqual([new Date(daysAgo(61)).toISOString().slice(0, 10)]);
    expect(await sweeper.sweep()).toEqual({ dropped: [], busy: [], events: 0, deliveries: 0 });
  });

  it('keeps for 30 days what was left by tenants that are gone', async () => {
    await keeps('long', 60);
    await record(facts('gone', 29, 'success'), facts('gone', 40, 'success'), facts('gone', 61, 'success'));
    await sweeper.sweep();
    expect(await left('gone')).toEqual({ 29: [1, 1, 1] });
  });

  it('never takes what is still open, such as what a webhook is owed that was paused for 40 days', async () => {
    await Promise.all([keeps('short', 3), keeps('long', 60)]);
    for (const tenant of ['short', 'long'])
      for (const days of [40, 61])
        await record(
          facts(tenant, days, 'pending'),
          facts(tenant, days, 'retrying'),
          facts(tenant, days, 'success'),
        );
    await sweeper.sweep();
    expect(await left('short')).toEqual({ 40: [2, 2, 1], 61: [2, 2, 1] });
    expect(await left('long')).toEqual({ 40: [3, 3, 2], 61: [2, 2, 1] });
    const open: { n: string }[] = await database.query(
      `SELECT count(*) AS n FROM (SELECT unnest(deliveries) AS id FROM left_open) AS l JOIN deliveries USING (id)
        WHERE status IN ('pending', 'retrying')`,
    );
    expect(Number(open[0]?.n)).toBe(8);
    await database.query(`UPDATE deliveries SET status = 'cancelled'`);
    await sweepOf(database).sweep();
    expect(await left('short')).toEqual({});
    expect(await left('long')).toEqual({ 40: [3, 3, 2] });
  });

  it('obeys a tenant that keeps less from now on, and one that keeps more', async () => {
    await keeps('a', 10);
    await keeps('b', 60);
    for (const days of [2, 8, 12]) await record(facts('a', days, 'failed'));
    await sweeper.sweep();
    expect(Object.keys(await left('a'))).toEqual(['2', '8']);
    await keeps('a', 90);
    await sweeper.sweep();
    expect(Object.keys(await left('a'))).toEqual(['2', '8']);
    await keeps('a', 1);
    await sweeper.sweep();
    expect(await left('a')).toEqual({});
  });

  it('of thousands of rows goes on from portion to portion', async () => {
    await Promise.all([keeps('short', 1), keeps('long', 60)]);
    for (let i = 0; i < 3; i++)
      await record(
        ...Array.from({ length: 700 }, () => facts('short', 5, 'success')),
        facts('long', 5, 'success'),
      );
    expect(await sweeper.sweep()).toMatchObject({ events: 2_100, deliveries: 2_100 });
    expect(await left('short')).toEqual({});
    expect(await left('long')).toEqual({ 5: [3, 3, 3] });
  }, 60_000);

  it('is made by one replica at a time, and whatever one of two leaves, another does', async () => {
    await keeps('short', 3);
    for (const days of [10, 40, 50]) await record(facts('short', days, 'success'));
    const other = await openDatabase((database.options as { url: string }).url, { name: 'other' });
    const both = await Promise.all([sweeper.sweep(), sweepOf(other).sweep()]);
    expect(both.filter(Boolean).length).toBeGreaterThan(0);
    await sweepOf(other).sweep();
    expect(await left('short')).toEqual({});
    const runner = other.createQueryRunner();
    await runner.query('SELECT pg_advisory_lock(7401012)');
    expect(await sweeper.sweep()).toBeUndefined();
    await runner.release();
    await other.destroy();
  });

  it('does nothing to speak of where nothing is to go', async () => {
    await Promise.all([keeps('short', 3), keeps('long', 60)]);
    const days = Array.from({ length: 60 }, (_, i) => new Date(daysAgo(i)).toISOString().slice(0, 10));
    await ensureDayPartitions(database, days);
    await sweeper.sweep();
    const begun = performance.now();
    await sweeper.sweep();
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it('takes jobs along that ended before the oldest day', async () => {
    const job = (id: string, days: number) =>
      database.query(
        `INSERT INTO jobs (id, tenant, kind, params, status, done, skipped, actor, created_at, updated_at, completed_at)
         VALUES ($1, 'default', 'bulk_retry', '{}', 'done', 0, 0, 'operator', now(), now(), $2)`,
        [id, new Date(daysAgo(days))],
      );
    await job('job_old', 32);
    await job('job_young', 29);
    await sweeper.sweep();
    expect(await database.query('SELECT id FROM jobs')).toEqual([{ id: 'job_young' }]);
  });
});
