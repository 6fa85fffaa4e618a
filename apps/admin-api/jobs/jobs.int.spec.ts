import { newId } from '#domain';
import { createLogger } from '#observability';
import { openDatabase, type DataSource } from '#persistence';
import { waitFor } from '#testing';
import { BringBack, type Brought } from '../deliveries/bring-back.js';
import { PeopleJournal } from '../journal/people-journal.js';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { openRecord, type TestRecord } from '../testing/record-for-tests.js';
import { createWebhook } from '../testing/webhooks-for-tests.js';
import { JobRunner } from './job-runner.js';

let api: TestApi;
let record: TestRecord;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});

const JOBS = '/api/v1/jobs';
const ANOTHER = { 'tidings-tenant': 'another' };
const bulkRetry = async (webhook: string) =>
  member(await api.ask('POST', '/api/v1/deliveries/bulk-retry', { webhook_id: webhook }), 'id');
const show = async (job: string) => (await api.ask('GET', `${JOBS}/${job}`)).json;

/** A webhook with so many failed deliveries. */
async function withFailed(count: number): Promise<{ webhook: string; deliveries: string[] }> {
  const webhook = member(await createWebhook(api), 'id');
  return { webhook, deliveries: await record.failures(webhook, count) };
}

/** A runner of another replica, which dies between queueing its second page and writing that down. */
class Dying extends BringBack {
  pages = 0;
  readonly dead = Promise.withResolvers<void>();
  crash: (() => Promise<void>) | undefined;

  override async all(...given: Parameters<BringBack['all']>): Promise<Brought[]> {
    const brought = await super.all(...given);
    this.pages += 1;
    if (this.pages < 2) return brought;
    await this.crash?.();
    this.dead.resolve();
    return new Promise(() => undefined);
  }
}

describe('a job', () => {
  it('that many pages long is done page by page, each delivery once', async () => {
    const { webhook, deliveries } = await withFailed(1_234);
    const job = await bulkRetry(webhook);
    await waitFor(async () => expect(await show(job)).toMatchObject({ status: 'done' }), 30_000);
    expect(await show(job)).toMatchObject({ total: 1_234, done: 1_234, skipped: 0, error: null });
    const queued = await record.readyFor(webhook, 1_234);
    expect(queued.map(({ owed }) => owed.delivery).sort()).toEqual(deliveries);
  }, 60_000);

  it('whose runner dies after queueing a page is gone on with: nothing is left out, nothing comes twice', async () => {
    const { webhook, deliveries } = await withFailed(1_234);
    await api.halt();
    const id = newId('job');
    await record.database.query(
      `INSERT INTO jobs (id, tenant, kind, params, status, done, skipped, actor, created_at, updated_at)
       VALUES ($1, 'default', 'bulk_retry', $2, 'pending', 0, 0, 'operator', now(), now())`,
      [id, JSON.stringify({ webhook_id: webhook, status: 'failed', until: new Date(Date.now() + 60_000) })],
    );
    const database: DataSource = await openDatabase(api.postgres.url, { name: 'dying' });
    const journal = new PeopleJournal(record.bus);
    const dying = new Dying(database, record.bus, journal);
    // With its database gone it neither writes nor renews its lease, as after SIGKILL.
    dying.crash = () => database.destroy();
    const times = { leaseMs: 1_000, turnMs: 60_000, lookMs: 50 };
    const runner = new JobRunner(database, record.bus, dying, createLogger('silent', 'spec'), times);
    runner.onApplicationBootstrap();
    await dying.dead.promise;
    expect(dying.pages).toBe(2);
    await api.resume();
    expect(await show(id)).toMatchObject({ status: 'running', done: 500, total: 1_234 });
    await waitFor(async () => expect(await show(id)).toMatchObject({ status: 'done', done: 1_234 }), 30_000);
    const queued = await record.readyFor(webhook, 1_234);
    expect(queued.map(({ owed }) => owed.delivery).sort()).toEqual(deliveries);
    await journal.onApplicationShutdown();
  }, 90_000);

  it('goes on after NATS and PostgreSQL were away', async () => {
    const { webhook } = await withFailed(20);
    await api.nats.halt();
    const job = await bulkRetry(webhook);
    await api.nats.restart();
    await waitFor(async () => expect(await show(job)).toMatchObject({ status: 'done', done: 20 }), 30_000);
    await record.readyFor(webhook, 20);
    await api.postgres.halt();
    await api.postgres.restart();
    const second = await withFailed(3);
    const next = await bulkRetry(second.webhook);
    await waitFor(async () => expect(await show(next)).toMatchObject({ status: 'done', done: 3 }), 30_000);
  }, 90_000);

  it('fails, and says why, when its webhook is deleted before it is through', async () => {
    const id = newId('job');
    await record.database.query(
      `INSERT INTO jobs (id, tenant, kind, params, status, done, skipped, actor, created_at, updated_at)
       VALUES ($1, 'default', 'webhook_replay', $2, 'pending', 0, 0, 'operator', now(), now())`,
      [id, JSON.stringify({ webhook_id: 'wh_gone', only: 'all', since: new Date(0), until: new Date() })],
    );
    await waitFor(async () =>
      expect(await show(id)).toMatchObject({ status: 'failed', error: 'webhook_gone' }),
    );
  });

  it('that is cancelled ends', async () => {
    const id = newId('job');
    await record.database.query(
      `INSERT INTO jobs (id, tenant, kind, params, status, done, skipped, actor, created_at, updated_at, leased_until)
       VALUES ($1, 'default', 'bulk_retry', '{}', 'running', 0, 0, 'operator', now(), now(), now() + interval '1 day')`,
      [id],
    );
    const answer = await api.ask('POST', `${JOBS}/${id}/cancel`);
    expect(answer).toMatchObject({ status: 200, json: { status: 'cancelled' } });
    expect((await api.ask('POST', `${JOBS}/${id}/cancel`)).json).toMatchObject({
      ...{ code: 'job_ended', job_status: 'cancelled' },
    });
  });

  it('is listed and shown to its tenant only', async () => {
    const { webhook } = await withFailed(1);
    const job = await bulkRetry(webhook);
    expect(idsOf(await api.ask('GET', JOBS))).toContain(job);
    expect(idsOf(await api.ask('GET', JOBS, undefined, ANOTHER))).toEqual([]);
    for (const [method, path] of [
      ['GET', `${JOBS}/${job}`],
      ['POST', `${JOBS}/${job}/cancel`],
    ] as const)
      expect((await api.ask(method, path, undefined, ANOTHER)).json).toMatchObject({ code: 'job_not_found' });
    await waitFor(async () => expect(idsOf(await api.ask('GET', `${JOBS}?status=done`))).toContain(job));
  });
});

describe('a queue that is full', () => {
  it('keeps jobs waiting until there is room', async () => {
    const { webhook } = await withFailed(5);
    const full = Array.from({ length: 5_100 }, () => undefined);
    // Nobody drains it meanwhile.
    await record.pause();
    const crowd = newId('wh');
    await Promise.all(full.map(() => record.bus.deliveries.ready(record.owedTo(crowd), Buffer.from('{}'))));
    const job = await bulkRetry(webhook);
    await waitFor(async () => expect(await show(job)).toMatchObject({ total: 5 }));
    expect(await show(job)).toMatchObject({ done: 0 });
    await record.resume();
    await waitFor(async () => expect(await show(job)).toMatchObject({ status: 'done', done: 5 }), 30_000);
  }, 60_000);
});
