import { readFile, rm, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connect } from '@nats-io/transport-node';
import { startNats, startPostgres } from '#testing';
import { embeddedNats } from './nats-server/embedded-nats.js';

/** Local addresses at which something listens on a port, in the hexadecimal of the kernel. */
async function listening(port: number): Promise<string[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${wanted}`) && fields[3] === '0A')
    .map((fields) => fields[1]?.split(':')[0] ?? '');
}

const onLinux = process.platform === 'linux' ? it : it.skip;
const LOOPBACK = '0100007F';

describe('the embedded PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres.stop());

  const failure = async (change: (url: URL) => void) => {
    const url = new URL(postgres.url);
    change(url);
    const client = new pg.Client({ connectionString: url.toString() });
    return client.connect().then(
      () => 'let in',
      (error: Error) => error.message,
    );
  };

  it('lets nobody in without the password', async () => {
    expect(await failure((url) => (url.password = ''))).toMatch(/password/);
    expect(await failure((url) => (url.password = 'wrong'))).toMatch(/password authentication failed/);
    expect(await failure((url) => (url.username = 'postgres'))).toMatch(/password authentication failed/);
  });

  it('asks by SCRAM in every line of its pg_hba.conf, and has no socket in the file system', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { rows: lines } = await client.query('SELECT DISTINCT auth_method FROM pg_hba_file_rules');
    expect(lines).toEqual([{ auth_method: 'scram-sha-256' }]);
    const { rows } = await client.query('SHOW unix_socket_directories');
    expect(rows).toEqual([{ unix_socket_directories: '' }]);
    await client.end();
  });

  onLinux('listens on loopback only', async () => {
    expect(await listening(Number(new URL(postgres.url).port))).toEqual([LOOPBACK]);
  });
});

describe('the embedded nats-server', () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  it('lets nobody in without user and password', async () => {
    const { host, username: user, password } = new URL(nats.url);
    const refused = [{}, { user, pass: 'wrong' }, { user: 'other', pass: password }, { token: password }];
    for (const given of refused)
      await expect(connect({ servers: host, ...given })).rejects.toThrow(/authorization/i);
  });

  onLinux('listens on loopback only', async () => {
    expect(await listening(Number(new URL(nats.url).port))).toEqual([LOOPBACK]);
  });

  it('has its password in a file that only its owner reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-conf-'));
    const logFile = join(folder, 'log');
    await embeddedNats({ program: 'nats-server', folder, logFile, port: 1, password: 'secret' });
    expect((await stat(join(folder, 'nats-server.conf'))).mode & 0o777).toBe(0o600);
    await rm(folder, { recursive: true });
  });
});
