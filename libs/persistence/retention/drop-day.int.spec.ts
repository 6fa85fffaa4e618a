import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import type { Fact } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { daysOfRecord } from '../record/day-partitions.js';
import { findDelivery } from '../record/find-delivery.js';
import { findEvent } from '../record/find-event.js';
import { Projection } from '../record/project-facts.js';
import { accepted, attempt, delivery, finished } from '../record/testing/facts-for-tests.js';
import { dropDay } from './drop-day.js';

const DAY_MS = 86_400_000;

let postgres: TestPostgres;
let database: DataSource;
let projection: Projection;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  projection = new Projection(database);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

let nextDay = Date.UTC(2026, 0, 1);
/** A day of its own for each test. */
function ownDay() {
  nextDay += DAY_MS;
  return { day: new Date(nextDay).toISOString().slice(0, 10), at: nextDay + 9 * 3_600_000 };
}

/** An event with one delivery, which was attempted once. */
function story(event: string, at: number, outcome: 'success' | 'retrying' | 'failed' | 'pending'): Fact[] {
  const ref = delivery(event, 'wh_1', at);
  const matches = [{ webhook: ref.webhook, delivery: ref.delivery }];
  return [
    accepted({ id: event, accepted_at: at, matches }),
    ...(outcome === 'pending'
      ? []
      : [finished(ref, attempt(1, outcome === 'success' ? 204 : 500, at + 10), outcome)]),
  ];
}

const count = async (table: string, day: string) =>
  Number(
    (
      await database.query<{ n: string }[]>(
        `SELECT count(*) AS n FROM ${table} WHERE ${table === 'events' ? 'accepted_at' : 'created_at'}::date = $1`,
        [day],
      )
    )[0]?.n,
  );
const counts = async (day: string) => [
  await count('events', day),
  await count('deliveries', day),
  await count('attempts', day),
];
const hasDay = async (day: string) => (await daysOfRecord(database)).includes(Date.parse(`${day}T00:00:00Z`));

describe('a day that is dropped', () => {
  it('is gone with all its partitions; others stay', async () => {
    const [before, gone] = [ownDay(), ownDay()];
    await projection.project([
      ...story('e-1', before.at, 'success'),
      ...story('e-2', gone.at, 'success'),
      accepted({ id: 'unmatched', accepted_at: gone.at }),
    ]);
    expect(await dropDay(database, gone.day)).toBe('gone');
    expect([await hasDay(gone.day), await hasDay(before.day)]).toEqual([false, true]);
    expect(await counts(before.day)).toEqual([1, 1, 1]);
    expect(await dropDay(database, gone.day)).toBe('nothing');
  });

  it('keeps deliveries that are still open, with their event and their attempts, and nothing else', async () => {
    const { day, at } = ownDay();
    await projection.project([
      ...story('ended', at, 'success'),
      ...story('failed', at + 1, 'failed'),
      ...story('waits', at + 2, 'pending'),
      ...story('retries', at + 3, 'retrying'),
      accepted({ id: 'unmatched', accepted_at: at + 4 }),
    ]);
    expect(await dropDay(database, day)).toBe('open_left');
    expect(await counts(day)).toEqual([2, 2, 1]);
    const retried = await findDelivery(database, 'acme', delivery('retries', 'wh_1', at + 3).delivery);
    expect(retried).toMatchObject({ delivery: { status: 'retrying' }, attempts: [{ number: 1 }] });
    expect(await findEvent(database, 'acme', 'retries')).toMatchObject({ event: { data: '{"total":1}' } });
    expect(await dropDay(database, day)).toBe('nothing');
  });

  it('is a day like any other for what comes of these later, and goes when they have ended', async () => {
    const { day, at } = ownDay();
    await projection.project([...story('waits', at, 'pending'), ...story('ended', at, 'success')]);
    await dropDay(database, day);
    const ref = delivery('waits', 'wh_1', at);
    await projection.project([finished(ref, attempt(1, 204, at + 40 * DAY_MS), 'success')]);
    expect(await findDelivery(database, 'acme', ref.delivery)).toMatchObject({
      delivery: { status: 'success' },
      attempts: [{ number: 1 }],
    });
    expect(await dropDay(database, day)).toBe('gone');
    expect(await hasDay(day)).toBe(false);
  });

  it('is made again by facts that come late, by a replica that knew it before, and goes again', async () => {
    const { day, at } = ownDay();
    await projection.project(story('early', at, 'success'));
    await dropDay(database, day);
    await projection.project(story('late', at, 'success'));
    expect(await counts(day)).toEqual([1, 1, 1]);
    expect(await dropDay(database, day)).toBe('gone');
  });

  it('may keep many open ones: more are copied than a look at each would allow', async () => {
    const { day, at } = ownDay();
    const many = Array.from({ length: 5_000 }, (_, i) =>
      story(`many-${i}`, at + i, i % 2 ? 'pending' : 'failed'),
    );
    for (let i = 0; i < many.length; i += 1_000) await projection.project(many.slice(i, i + 1_000).flat());
    expect(await dropDay(database, day)).toBe('open_left');
    expect(await counts(day)).toEqual([2_500, 2_500, 0]);
    const indexes: { n: string }[] = await database.query(
      `SELECT count(*) AS n FROM pg_indexes WHERE tablename = $1`,
      [`deliveries_${day.replaceAll('-', '')}`],
    );
    expect(Number(indexes[0]?.n)).toBeGreaterThanOrEqual(4);
  }, 60_000);
});

describe('a crash while a day is dropped', () => {
  it('loses nothing, at whichever statement it comes; the next try does it', async () => {
    const { day, at } = ownDay();
    await projection.project([...story('ended', at, 'success'), ...story('waits', at + 1, 'retrying')]);
    const doomed = await openDatabase(postgres.url, { name: 'doomed' });
    let survived = false;
    let crashes = 0;
    for (; !survived; crashes++) {
      survived = await dropDay(dyingAt(doomed, crashes), day).then(
        () => true,
        () => false,
      );
      if (!survived) expect(await counts(day)).toEqual([2, 2, 2]);
      // Until the pool has heard of it.
      await sleep(20);
    }
    await doomed.destroy();
    expect(crashes).toBeGreaterThan(15);
    expect(await counts(day)).toEqual([1, 1, 1]);
  }, 60_000);
});

describe('while a day is dropped', () => {
  it('a reader who reads for long keeps it from being dropped, and others from nothing for longer than a moment', async () => {
    const [{ day, at }, today] = [ownDay(), ownDay()];
    await projection.project([...story('old', at, 'success'), ...story('now', today.at, 'success')]);
    const reader = new Client(postgres.url);
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM deliveries');
    const others = useAllTheTime(today.at);
    const ends = [];
    for (let tries = 0; tries < 3; tries++) {
      ends.push(await dropDay(database, day));
      await sleep(200);
    }
    const waits = await others.stop();
    await reader.query('COMMIT');
    await reader.end();
    expect(ends).toEqual(['busy', 'busy', 'busy']);
    expect(waits.done).toBeGreaterThan(20);
    expect(waits.longestMs).toBeLessThan(1_000);
    expect(await counts(day)).toEqual([1, 1, 1]);
    expect(await dropDay(database, day)).toBe('gone');
  }, 30_000);

  it('who writes rows of that day is not in the way for ever, and loses nothing', async () => {
    const { day, at } = ownDay();
    await projection.project(story('old', at, 'success'));
    const writer = new Client(postgres.url);
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query(`UPDATE deliveries SET status = 'pending' WHERE created_at = $1`, [new Date(at)]);
    const trying = dropDay(database, day);
    await sleep(300);
    await writer.query('COMMIT');
    await writer.end();
    expect(await trying).toBe('open_left');
    expect(await counts(day)).toEqual([1, 1, 1]);
  }, 30_000);
});

/** Reads and writes, one after another, and tells how long the slowest took. */
function useAllTheTime(at: number): { stop: () => Promise<{ done: number; longestMs: number }> } {
  let going = true;
  let done = 0;
  let longestMs = 0;
  const running = (async () => {
    while (going) {
      const begun = performance.now();
      if (done % 2) await projection.project(story(`busy-${done}`, at + done, 'success'));
      else await findEvent(database, 'acme', 'now');
      longestMs = Math.max(longestMs, performance.now() - begun);
      done++;
    }
  })();
  return {
    stop: async () => {
      going = false;
      await running;
      return { done, longestMs };
    },
  };
}

/** The same database, but the server's process dies under the connection before the statement of this number. */
function dyingAt(of: DataSource, statement: number): DataSource {
  const createQueryRunner = () => {
    const runner = of.createQueryRunner();
    const query = runner.query.bind(runner) as (text: string, values?: unknown[]) => Promise<unknown>;
    let made = 0;
    const dying = async (text: string, values?: unknown[]) => {
      if (made++ === statement) {
        const [row] = (await query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
        await of.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      }
      return query(text, values);
    };
    Object.defineProperty(runner, 'query', { value: dying });
    return runner;
  };
  return Object.create(of, { createQueryRunner: { value: createQueryRunner } }) as DataSource;
}
