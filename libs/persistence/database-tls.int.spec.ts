import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { certify } from '../testing/certificates.js';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from './database.js';
import { RelaySession } from './relay/relay-session.js';

let postgres: TestPostgres;
let folder: string;
const authority = certify({ name: 'authority' });
const other = certify({ name: 'other authority' });

beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'tidings-tls-'));
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'other.pem'), other.certificate);
}, 60_000);
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Has the server show another certificate from now on; undefined takes TLS away. */
async function serve(shown: { certificate: string; privateKey: string } | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    const data = rows[0]?.data_directory ?? '';
    if (shown) {
      const { uid, gid } = await stat(join(data, 'PG_VERSION'));
      for (const [name, text] of Object.entries({ crt: shown.certificate, key: shown.privateKey })) {
        await writeFile(join(data, `server.${name}`), text, { mode: 0o600 });
        await chown(join(data, `server.${name}`), uid, gid);
      }
    }
    await client.query(`ALTER SYSTEM SET ssl = ${shown ? 'on' : 'off'}`);
  } finally {
    await client.end();
  }
  await postgres.halt();
  await postgres.restart();
}

const at = (parameters: Record<string, string>, url = postgres.url) =>
  `${url}?${new URLSearchParams(parameters).toString()}`;
const verified = (ca = 'ca.pem', mode = 'verify-full') =>
  at({ sslmode: mode, sslrootcert: join(folder, ca) });

async function encrypted(url: string): Promise<unknown> {
  const database = await openDatabase(url, { name: 'spec' });
  try {
    const [row] = await database.query<{ ssl: boolean }[]>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return row?.ssl;
  } finally {
    await database.destroy();
  }
}

const LISTENERS = { ledgerGrew: () => undefined, relayed: () => undefined, lost: () => undefined };

/** What both ways to connect say of it; without the password, whatever it is. */
async function refusal(url: string): Promise<string> {
  const password = new URL(postgres.url).password;
  const said = await Promise.all(
    [openDatabase(url, { name: 'spec' }), RelaySession.open(url, 'spec', LISTENERS)].map((opening) =>
      (opening as Promise<unknown>).then(
        () => 'not refused',
        (error: Error) => error.message,
      ),
    ),
  );
  expect(said[1]).toBe(said[0]);
  expect(said.join()).not.toContain(password);
  return said[0] ?? '';
}

it('a server without TLS is refused where TLS is demanded', async () => {
  expect(await refusal(verified())).toMatch(/server does not support SSL/);
  expect(await encrypted(postgres.url)).toBe(false);
});

describe('a server with a certificate of the authority', () => {
  beforeAll(() => serve(certify({ name: 'postgres', by: authority })));

  it.each(['verify-full', 'verify-ca', 'require'])(
    'is spoken to by TLS, verified, with sslmode=%s',
    async (mode) => {
      expect(await encrypted(verified('ca.pem', mode))).toBe(true);
      expect(await refusal(verified('other.pem', mode))).toMatch(/certificate/);
      expect(await refusal(at({ sslmode: mode }))).toMatch(/certificate/);
    },
  );

  it('is heard by TLS too where the relay listens', async () => {
    const session = await RelaySession.open(verified(), 'spec-relay', LISTENERS);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'spec-relay'",
    );
    expect(rows).toEqual([{ ssl: true }]);
    await client.end();
    await session.close();
  });

  it.each(['no-verify', 'prefer', 'allow'])(
    'is not spoken to with sslmode=%s, which accepts any server',
    async (mode) => {
      expect(await refusal(at({ sslmode: mode }))).toMatch(`sslmode=${mode} would accept any server`);
    },
  );

  it('is not spoken to with a file that is not there, half a client certificate, or settings that say two things', async () => {
    expect(await refusal(verified('none.pem'))).toMatch(
      /none\.pem \(sslrootcert of the database\) cannot be read \(ENOENT\)/,
    );
    expect(await refusal(at({ sslcert: join(folder, 'ca.pem') }))).toMatch(/sslcert needs sslkey/);
    expect(await refusal(verified('ca.pem', 'disable'))).toMatch(/its sslmode is disable/);
    expect(await refusal(verified('ca.pem', 'sometimes'))).toMatch(/sslmode=sometimes is unknown/);
  });
});

it('a certificate that has expired is refused', async () => {
  await serve(certify({ name: 'postgres', by: authority, days: [-3, -1] }));
  expect(await refusal(verified())).toMatch(/certificate has expired/);
});

it('a certificate for another name is refused', async () => {
  await serve(certify({ name: 'postgres', by: authority, hosts: ['127.0.0.2', 'localhost'] }));
  expect(await refusal(verified())).toMatch(/does not match certificate/);
});
