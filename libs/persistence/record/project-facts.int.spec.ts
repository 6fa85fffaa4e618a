import fc from 'fast-check';
import type { DeliveryRef, Fact } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { Projection } from './project-facts.js';
import { rowsOfFacts } from './rows-of-facts.js';
import { accepted, attempt, delivery, finished, MORNING, rejected } from './testing/facts-for-tests.js';

const DAY_MS = 86_400_000;
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

beforeEach(() => database.query('TRUNCATE events, deliveries, attempts'));

const all = (table: string, order: string) =>
  database.query<Record<string, unknown>[]>(`SELECT * FROM ${table} ORDER BY ${order}`);
const record = async () => ({
  events: await all('events', 'tenant, id, accepted_at'),
  deliveries: await all('deliveries', 'id'),
  attempts: await all('attempts', 'id'),
});
const matchOf = ({ delivery, webhook }: DeliveryRef) => ({ delivery, webhook });

/** What the table of deliveries must hold in the end, worked out from all facts at once. */
const expectedDeliveries = (facts: Fact[]) =>
  rowsOfFacts(facts).deliveries.map((row) => ({
    ...row,
    created_at: new Date(row.created_at),
    updated_at: new Date(row.updated_at),
    next_attempt_at: row.next_attempt_at === null ? null : new Date(row.next_attempt_at),
    completed_at: row.completed_at === null ? null : new Date(row.completed_at),
    owed_at: row.owed_at === null ? null : new Date(row.owed_at),
  }));

/**
 * Histories of some deliveries, as data planes that crash and do things again
 * tell them: attempts made twice with differing ends, holds, cancels, and people who bring them back.
 */
const histories = fc
  .array(
    fc.record({
      which: fc.integer({ min: 0, max: 2 }),
      what: fc.constantFrom(
        ...(['retrying', 'failed', 'success', 'aborted'] as const),
        ...(['held', 'sending', 'brought_back', 'cancelled', 'accepted'] as const),
      ),
      number: fc.integer({ min: 1, max: 3 }),
      /** Since it was accepted, milliseconds; most were never brought back. */
      owedAfter: fc.constantFrom(undefined, undefined, 0, 3_000, 9_000),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) =>
    steps.map(({ which, what, number, owedAfter }, i): Fact => {
      const ref = {
        ...delivery('evt_1', `wh_${which}`),
        ...(owedAfter === undefined ? {} : { owed_at: MORNING + owedAfter }),
      };
      // Each at a time of its own: clocks have milliseconds, and what happens in the same one may end either way.
      const at = MORNING + 1_000 * ((i * 7) % 13) + i;
      switch (what) {
        case 'accepted':
          return accepted({ matches: [matchOf(ref)], match_count: 3 });
        case 'held':
          return { kind: 'delivery.held', ...ref, at, attempt_count: number - 1, reason: 'webhook_paused' };
        case 'sending':
          return { kind: 'delivery.sending', ...ref, at, attempt_count: number - 1 };
        case 'brought_back':
          return {
            kind: 'delivery.brought_back',
            ...ref,
            owed_at: at,
            trigger: 'manual',
            attempt_count: number - 1,
          };
        case 'cancelled':
          return {
            kind: 'delivery.cancelled',
            ...ref,
            at,
            attempt_count: number - 1,
            reason: 'webhook_deleted',
          };
        case 'aborted':
          return finished(ref, attempt(number, 500, at, `att_${i}`), 'cancelled');
        case 'retrying':
        case 'failed':
        case 'success':
          return finished(ref, attempt(number, what === 'success' ? 200 : 500, at, `att_${i}`), what);
      }
    }),
  );

describe('the record', () => {
  it('shows an event, its delivery and each attempt as they were told', async () => {
    const ref = delivery();
    const console = [{ level: 'warn' as const, text: 'no total' }];
    await new Projection(database).project([
      accepted({ matches: [matchOf(ref)], data: '{"z":1.0,"a":"ü\\u0000"}', metadata: '{"by":"ci"}' }),
      finished(ref, { ...attempt(1, 500, MORNING + 10), console }, 'retrying', MORNING + 1_010),
    ]);
    const { events, deliveries, attempts } = await record();
    expect(events).toEqual([
      expect.objectContaining({
        data: '{"z":1.0,"a":"ü\\u0000"}',
        metadata: '{"by":"ci"}',
        match_count: 1,
        accepted_at: new Date(MORNING),
      }),
    ]);
    expect(deliveries).toEqual([
      expect.objectContaining({
        id: ref.delivery,
        status: 'retrying',
        attempt_count: 1,
        status_code: 500,
        next_attempt_at: new Date(MORNING + 1_010),
        completed_at: null,
      }),
    ]);
    expect(attempts).toEqual([
      expect.objectContaining({
        delivery_id: ref.delivery,
        number: 1,
        duration_ms: 5,
        request_headers: { 'webhook-id': 'evt_1' },
        response_body: 'seen',
        error_kind: 'http_status',
        console,
      }),
    ]);
  });

  it('tells what a transform wrote from nothing written, and from no transform', async () => {
    const refs = [delivery(), delivery()];
    const [quiet, plain] = refs.map((_, i) => attempt(1, 204, MORNING + 10 + i));
    await new Projection(database).project([
      finished(refs[0]!, { ...quiet!, console: [] }, 'success'),
      finished(refs[1]!, plain!, 'success'),
    ]);
    const shown = (await record()).attempts.map(({ id, console }) => [id, console]);
    expect(Object.fromEntries(shown)).toEqual({ [quiet!.id]: [], [plain!.id]: null });
  });

  it('shows a delivery that a transform dropped as cancelled, with its attempt', async () => {
    const ref = delivery();
    const made = { ...attempt(1, 204, MORNING + 10), response: null, error: null, console: [] };
    const fact = { ...finished(ref, made, 'cancelled'), reason: 'dropped_by_transform' };
    await new Projection(database).project([fact]);
    const { deliveries, attempts } = await record();
    expect(deliveries).toEqual([
      expect.objectContaining({ status: 'cancelled', reason: 'dropped_by_transform', attempt_count: 1 }),
    ]);
    expect(attempts).toEqual([
      expect.objectContaining({ response_status: null, error_kind: null, console: [] }),
    ]);
  });

  it('is the same in whatever order, batches, repetition and concurrency the facts come', async () => {
    const [one, other] = [new Projection(database), new Projection(database)];
    await fc.assert(
      fc.asyncProperty(
        histories.chain((facts) =>
          fc.record({
            facts: fc.constant(facts),
            first: fc.shuffledSubarray(facts, { minLength: facts.length }),
            second: fc.shuffledSubarray(facts),
            cut: fc.integer({ min: 0, max: facts.length }),
          }),
        ),
        async ({ facts, first, second, cut }) => {
          await database.query('TRUNCATE events, deliveries, attempts');
          await Promise.all([
            one.project(first.slice(0, cut)).then(() => one.project(first.slice(cut))),
            other.project(second),
          ]);
          const shown = await record();
          expect(shown.deliveries).toEqual(expectedDeliveries(facts));
          const told = rowsOfFacts(facts);
          expect(shown.attempts.map(({ id }) => id)).toEqual(told.attempts.map(({ id }) => id).sort());
          expect(shown.events).toHaveLength(told.events.length);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('never moves a delivery backward', async () => {
    const ref = delivery();
    const projection = new Projection(database);
    await projection.project([finished(ref, attempt(2, 204, MORNING + 2_000), 'success')]);
    const before = await record();
    await projection.project([
      accepted({ matches: [matchOf(ref)] }),
      { kind: 'delivery.held', ...ref, at: MORNING + 9_000, attempt_count: 1, reason: 'webhook_paused' },
    ]);
    await projection.project([finished(ref, attempt(1, 500, MORNING + 9_000), 'retrying')]);
    await projection.project([finished(ref, attempt(2, null, MORNING + 9_000), 'failed')]);
    expect((await record()).deliveries).toEqual(before.deliveries);
  });

  it('shows as owed what was brought back, and as ended what has ended since', async () => {
    const ref = delivery();
    const projection = new Projection(database);
    const shown = async () => (await record()).deliveries[0];
    await projection.project([finished(ref, attempt(2, 500, MORNING + 2_000), 'failed')]);
    const owed_at = MORNING + 60_000;
    const brought: Fact = {
      kind: 'delivery.brought_back',
      ...{ ...ref, owed_at, trigger: 'manual', attempt_count: 2 },
    };
    await database.query('TRUNCATE left_open');
    await projection.project([brought]);
    expect(await shown()).toMatchObject({
      ...{ status: 'retrying', attempt_count: 2, completed_at: null, reason: null },
      owed_at: new Date(owed_at),
    });
    expect(await database.query('SELECT deliveries FROM left_open')).toEqual([
      { deliveries: [ref.delivery] },
    ]);
    const again = { ...ref, owed_at };
    await projection.project([finished(again, attempt(3, 500, MORNING + 61_000), 'failed')]);
    const ended = await shown();
    expect(ended).toMatchObject({ status: 'failed', attempt_count: 3, owed_at: new Date(owed_at) });
    await projection.project([brought, finished(ref, attempt(2, 500, MORNING + 2_000), 'failed')]);
    expect(await shown()).toEqual(ended);
  });

  it('makes the days it needs, those of old and of future facts too', async () => {
    const days = [-40, 0, 3].map((days) => MORNING + days * DAY_MS);
    const facts = days.map((at, i) => {
      const ref = delivery(`evt_${i}`, 'wh_1', at);
      return [
        accepted({ id: ref.event, accepted_at: at, matches: [matchOf(ref)] }),
        finished(ref, attempt(1, 200, at + 30 * 3_600_000, `att_${i}`), 'success'),
      ];
    });
    await Promise.all(
      [new Projection(database), new Projection(database)].map((p) => p.project(facts.flat())),
    );
    const { events, deliveries, attempts } = await record();
    expect([events.length, deliveries.length, attempts.length]).toEqual([3, 3, 3]);
  });

  it('makes a day again that was dropped since it was last needed', async () => {
    const projection = new Projection(database);
    await projection.project([accepted()]);
    for (const table of ['events', 'deliveries', 'attempts'])
      await database.query(`DROP TABLE ${table}_20261122`);
    await projection.project([accepted()]);
    expect((await record()).events).toHaveLength(1);
  });

  it('shows what PostgreSQL has no letters for as replaced', async () => {
    const ref = delivery();
    const made = attempt(1, 500, MORNING + 10);
    made.response = {
      status: 500,
      headers: { 'x-odd': 'a\0b' },
      body: 'nul \0, half a pair \ud83d.',
      truncated: false,
    };
    made.request.body = 'cut \udc00';
    made.error = { kind: 'internal', message: '\0' };
    made.console = [{ level: 'log', text: 'half \ud83d' }];
    await new Projection(database).project([
      rejected({ excerpt: 'nul \0, half a pair \ud83d.' }),
      finished(ref, made, 'failed'),
    ]);
    const { events, attempts } = await record();
    expect(events).toHaveLength(1);
    expect(attempts).toEqual([
      expect.objectContaining({
        response_body: 'nul \ufffd, half a pair \ufffd.',
        request_body: 'cut \ufffd',
        error_message: '\ufffd',
        console: [{ level: 'log', text: 'half \ufffd' }],
      }),
    ]);
    // The API reads it as JSON.
    expect(await database.query(`SELECT response_headers::jsonb FROM attempts`)).toHaveLength(1);
  });
});
