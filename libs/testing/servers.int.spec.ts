import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Client } from 'pg';
import { startNats, type TestNats } from './start-nats.js';
import { startPostgres, type TestPostgres } from './start-postgres.js';

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL for tests', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  it('gives databases that know nothing of each other', async () => {
    const other = await postgres.createDatabase();
    await query(postgres.url, 'create table here (id int)');
    await query(other, 'create table here (id int)');
    expect(await query(other, 'select * from here')).toEqual([]);
  });

  it('speaks UTF-8 and asks for the password', async () => {
    expect(await query(postgres.url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
    const url = new URL(postgres.url);
    url.password = 'wrong';
    await expect(query(url.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('comes back on the same address with its data after it was killed', async () => {
    await query(postgres.url, 'create table kept as select 7 as seven');
    await postgres.kill();
    await expect(query(postgres.url, 'select 1')).rejects.toThrow();
    await postgres.restart();
    expect(await query(postgres.url, 'select * from kept')).toEqual([{ seven: 7 }]);
  });
});

describe('a NATS server for tests', () => {
  let nats: TestNats;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  const withConnection = async <T>(
    work: (nc: Awaited<ReturnType<typeof connect>>) => Promise<T>,
  ): Promise<T> => {
    const { host, username, password } = new URL(nats.url);
    const nc = await connect({ servers: host, user: username, pass: password });
    try {
      return await work(nc);
    } finally {
      await nc.close();
    }
  };

  it('comes back on the same address with its streams after it was killed', async () => {
    await withConnection(async (nc) => {
      await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] });
      await jetstream(nc).publish('kept', 'one');
    });
    await nats.kill();
    await nats.restart();
    const info = await withConnection(async (nc) => (await jetstreamManager(nc)).streams.info('KEPT'));
    expect(info.state.messages).toBe(1);
  });

  it('takes messages of up to eight megabytes', async () => {
    await withConnection(async (nc) => {
      expect(nc.info?.max_payload).toBe(8 * 1024 * 1024);
      await Promise.resolve();
    });
  });

  it('lets nobody in without the password', async () => {
    await expect(connect({ servers: new URL(nats.url).host })).rejects.toThrow(/authorization/i);
  });
});
