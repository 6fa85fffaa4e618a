import { randomUUID } from 'node:crypto';
import { newId } from '#domain';
import { startPostgres, waitFor, type TestPostgres } from '#testing';
import { openDatabase, type DataSource } from '../index.js';
import { migrate } from '../migrations/migrate.js';
import { cancelJob, createJob, findJob } from './jobs.js';
import { failJob, keepProgress, keepTotal, letJobGo, renewLease, takeJob } from './run-job.js';

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
beforeEach(() => database.query('DELETE FROM jobs'));

const LEASE_MS = 60_000;
const created = async () =>
  (await createJob(database, { id: newId('job'), tenant: 'acme', kind: 'spec', params: {}, actor: 'key_1' }))
    .id;
const runner = randomUUID();
const other = randomUUID();
const page = { cursor: 'a', done: 3, skipped: 1, ended: false };

describe('a job', () => {
  it('is taken by one of many who want it', async () => {
    const jobs = [await created(), await created()];
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => takeJob(database, randomUUID(), LEASE_MS)),
    );
    expect(taken.flatMap((job) => job?.id ?? []).sort()).toEqual(jobs.sort());
  });

  it('whose runner is gone is taken by another one, which goes on from where it was', async () => {
    const job = await created();
    await takeJob(database, runner, 50);
    expect(await keepTotal(database, { job, runner }, 10)).toBe(true);
    expect(await keepProgress(database, { job, runner }, page)).toBe(true);
    await waitFor(async () =>
      expect(await takeJob(database, other, LEASE_MS)).toMatchObject({
        ...{ id: job, cursor: 'a', total: 10, done: 3, skipped: 1 },
      }),
    );
    // The first one comes back to life.
    expect(await keepProgress(database, { job, runner }, { ...page, cursor: 'z' })).toBe(false);
    await renewLease(database, { job, runner }, LEASE_MS);
    await failJob(database, { job, runner }, 'late');
    expect(await findJob(database, 'acme', job)).toMatchObject({ cursor: 'a', done: 3, status: 'running' });
  });

  it('is kept by a runner that renews its lease', async () => {
    const job = await created();
    await takeJob(database, runner, 1);
    await renewLease(database, { job, runner }, LEASE_MS);
    expect(await takeJob(database, other, LEASE_MS)).toBeUndefined();
  });

  it('that is let go stands behind those that wait', async () => {
    const first = await created();
    await takeJob(database, runner, LEASE_MS);
    const second = await created();
    await letJobGo(database, { job: first, runner });
    expect((await takeJob(database, runner, LEASE_MS))?.id).toBe(second);
    expect((await takeJob(database, runner, LEASE_MS))?.id).toBe(first);
  });

  it('ends with its last page', async () => {
    const job = await created();
    await takeJob(database, runner, 1);
    expect(await keepProgress(database, { job, runner }, { ...page, ended: true })).toBe(false);
    const row = await findJob(database, 'acme', job);
    expect(row).toMatchObject({ status: 'done', done: 3, skipped: 1, error: null });
    expect(row?.completed_at).toBeInstanceOf(Date);
    expect(await takeJob(database, other, LEASE_MS)).toBeUndefined();
  });

  it('that is cancelled stays so, and tells what its last page brought', async () => {
    const job = await created();
    await takeJob(database, runner, LEASE_MS);
    expect(await cancelJob(database, 'globex', job)).toBe(false);
    expect(await cancelJob(database, 'acme', job)).toBe(true);
    expect(await cancelJob(database, 'acme', job)).toBe(false);
    expect(await keepTotal(database, { job, runner }, 5)).toBe(false);
    expect(await keepProgress(database, { job, runner }, { ...page, ended: true })).toBe(false);
    await letJobGo(database, { job, runner });
    await failJob(database, { job, runner }, 'late');
    expect(await findJob(database, 'acme', job)).toMatchObject({ status: 'cancelled', done: 3, error: null });
    expect(await takeJob(database, other, LEASE_MS)).toBeUndefined();
  });

  it('that cannot go on says why', async () => {
    const job = await created();
    await takeJob(database, runner, LEASE_MS);
    await failJob(database, { job, runner }, 'webhook_gone');
    expect(await findJob(database, 'acme', job)).toMatchObject({ status: 'failed', error: 'webhook_gone' });
  });
});
