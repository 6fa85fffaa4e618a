import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Client } from 'pg';
import { startPostgres, type TestPostgres } from '#testing';
import { PromptClient } from './prompt-client.js';

let postgres: TestPostgres;
let client: Client;
beforeAll(async () => {
  postgres = await startPostgres();
  client = new PromptClient({ connectionString: postgres.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});

const oldBytes = () =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space' || name === 'large_object_space')
    .reduce((sum, { space_used_size: used }) => sum + used, 0);

describe('a query', () => {
  it('is answered, with values or without, by text or by description', async () => {
    const answers = [
      await client.query('SELECT 1 AS n'),
      await client.query('SELECT $1::int AS n', [2]),
      await client.query({ text: 'SELECT $1::int AS n', values: [3] }),
    ];
    expect(answers.map(({ rows }) => rows as unknown)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it('that fails is told with the code of PostgreSQL and a trace that is not the socket’s', async () => {
    const error: unknown = await client.query('SELECT nothing').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: '42703' });
    expect((error as Error).stack).not.toContain('onStreamRead');
  });

  it('calls back where that is asked for', async () => {
    const rows = await new Promise((resolve) => {
      client.query('SELECT $1::int AS n', [4], (_error, result) => resolve(result.rows));
    });
    expect(rows).toEqual([{ n: 4 }]);
  });

  it('is garbage as soon as it is answered', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
    // No string of these is made twice, or kept by the code.
    const text = (n: number) => `${n}`.repeat(60_000);
    const queries = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await client.query('SELECT length($1)', [text(n)]);
        if (n % 10 === 9) collect({ type: 'minor' });
      }
    };
    await queries(20);
    const before = oldBytes();
    await queries(200);
    expect(oldBytes() - before).toBeLessThan(5_000_000);
  });
});
