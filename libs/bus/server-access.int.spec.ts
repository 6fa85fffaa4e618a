import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certify, startNatsWith, waitFor, type ConfiguredNats } from '#testing';
import type { BusAccess } from './access.js';
import { openWires } from './connection.js';
import { makeNkey, makeOperator } from './testing/nats-credentials.js';

let nats: ConfiguredNats | undefined;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-access-'));
});
afterEach(async () => {
  await nats?.stop();
  nats = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** Connects and hears of JetStream; then closes. */
async function reach(scheme: string, access: BusAccess = {}, user = ''): Promise<'reached'> {
  const wires = await openWires({
    url: `${scheme}://${user}${nats?.host}`,
    name: 'spec',
    access,
    waitMs: 20_000,
  });
  await wires.manager.getAccountInfo();
  await wires.connection.close();
  return 'reached';
}

/** What is said, in one sentence and at once, and never with a password. */
async function refusal(scheme: string, access: BusAccess = {}, user = ''): Promise<string> {
  const asked = Date.now();
  const message = await reach(scheme, access, user).catch((error: Error) => error.message);
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect(message).not.toContain('pa55');
  expect(message).toMatch(/\.$/);
  return message;
}

const authority = certify({ name: 'authority' });
const client = certify({ name: 'client', by: authority });

async function withTls(
  shown = certify({ name: 'nats', by: authority }),
  verify = false,
): Promise<ConfiguredNats> {
  const files = {
    cert_file: await file('server.pem', shown.certificate),
    key_file: await file('server-key.pem', shown.privateKey),
    ...(verify ? { ca_file: await file('clients.pem', authority.certificate), verify } : {}),
  };
  return startNatsWith(`authorization { user: u, password: pa55 }\ntls ${JSON.stringify(files)}`);
}

describe('NATS over TLS', () => {
  it('is spoken to when its certificate is of the authority that was named, by tls:// and by nats://', async () => {
    nats = await withTls();
    const tlsCa = await file('ca.pem', authority.certificate);
    expect(await reach('tls', { tlsCa }, 'u:pa55@')).toBe('reached');
    expect(await reach('nats', { tlsCa }, 'u:pa55@')).toBe('reached');
    expect(await refusal('nats', { tlsCa }, 'u:pa55wrong@')).toMatch(/authorization/i);
    const other = await file('other.pem', certify({ name: 'other' }).certificate);
    expect(await refusal('tls', { tlsCa: other }, 'u:pa55@')).toMatch(/certificate/);
    expect(await refusal('tls', {}, 'u:pa55@')).toMatch(/certificate/);
    expect(await refusal('nats', {}, 'u:pa55@')).toMatch(/certificate/);
  });

  it('is refused when its certificate has expired, or is for another name', async () => {
    const tlsCa = await file('ca.pem', authority.certificate);
    nats = await withTls(certify({ name: 'nats', by: authority, days: [-3, -1] }));
    expect(await refusal('tls', { tlsCa }, 'u:pa55@')).toMatch(/expired/);
    await nats.stop();
    nats = await withTls(certify({ name: 'nats', by: authority, hosts: ['127.0.0.2', 'localhost'] }));
    expect(await refusal('tls', { tlsCa }, 'u:pa55@')).toMatch(/altnames/);
  });

  it('lets in by a certificate where it asks for one, and takes the file anew at the next connection', async () => {
    nats = await withTls(undefined, true);
    const tlsCa = await file('ca.pem', authority.certificate);
    const shown = certify({ name: 'stranger' });
    const tlsCertificate = await file('client.pem', shown.certificate);
    const tlsKey = await file('client-key.pem', shown.privateKey);
    const access = { tlsCa, tlsCertificate, tlsKey };
    // The server lets the handshake be and ends the connection afterwards: that looks like a server that is away.
    const refused = openWires({ url: `tls://u:pa55@${nats.host}`, name: 'spec', access, waitMs: 100 });
    await expect(refused).rejects.toThrow(/^NATS at .* cannot be used: /);
    await file('client.pem', client.certificate);
    await file('client-key.pem', client.privateKey);
    expect(await reach('tls', access, 'u:pa55@')).toBe('reached');
  });

  it('is demanded by tls:// and by a named authority', async () => {
    nats = await startNatsWith('authorization { user: u, password: pa55 }');
    const tlsCa = await file('ca.pem', authority.certificate);
    expect(await refusal('tls', {}, 'u:pa55@')).toMatch(/does not support 'tls'/);
    expect(await refusal('nats', { tlsCa }, 'u:pa55@')).toMatch(/does not support 'tls'/);
    expect(await reach('nats', {}, 'u:pa55@')).toBe('reached');
  });
});

describe('an nkey', () => {
  it('lets in, and another does not', async () => {
    const [known, stranger] = [makeNkey(), makeNkey()];
    nats = await startNatsWith(`authorization { users: [{ nkey: ${known.publicKey} }] }`);
    expect(await reach('nats', { nkey: await file('known.nk', `${known.seed}\n`) })).toBe('reached');
    expect(await refusal('nats', { nkey: await file('stranger.nk', stranger.seed) })).toMatch(
      /authorization/i,
    );
  });
});

describe('a credentials file', () => {
  it('lets in until its JWT has expired; one of another operator never', async () => {
    const operator = makeOperator();
    nats = await startNatsWith(operator.configuration);
    const by = async (text: string) => ({ credentials: await file('user.creds', text) });
    expect(await reach('nats', await by(operator.credentials(60)))).toBe('reached');
    expect(await refusal('nats', await by(operator.credentials(-60)))).toMatch(/authorization|expired/i);
    expect(await refusal('nats', await by(makeOperator().credentials(60)))).toMatch(/authorization/i);
  });

  it('is read anew when the connection is made again', async () => {
    const operator = makeOperator();
    nats = await startNatsWith(operator.configuration);
    const credentials = await file('rotated.creds', operator.credentials(3));
    const wires = await openWires({ url: `nats://${nats.host}`, name: 'spec', access: { credentials } });
    // The server ends the connection when the first one expires.
    await file('rotated.creds', operator.credentials(600));
    let back = false;
    void (async () => {
      for await (const { type } of wires.connection.status()) back ||= type === 'reconnect';
    })();
    await waitFor(() => expect(back).toBe(true), 15_000);
    await waitFor(() => wires.manager.getAccountInfo());
    await wires.connection.close();
  });
});

it('what cannot be used is told before anything is connected to', async () => {
  nats = undefined;
  const nkey = await file('nkey.nk', makeNkey().seed);
  const empty = await file('empty', '');
  const none = join(folder, 'none');
  const said = (access: BusAccess, url = 'nats://127.0.0.1:1') =>
    openWires({ url, name: 'spec', access }).catch((error: Error) => error.message);
  expect(await said({ credentials: none })).toBe(
    `The credentials file of NATS at ${none} cannot be read (ENOENT).`,
  );
  expect(await said({ nkey: none })).toBe(`The nkey of NATS at ${none} cannot be read (ENOENT).`);
  expect(await said({ nkey: folder })).toBe(`The nkey of NATS at ${folder} cannot be read (EISDIR).`);
  expect(await said({ tlsCa: none })).toBe(`The file for TLS with NATS at ${none} cannot be read (ENOENT).`);
  expect(await said({ nkey: empty })).toBe(`The file ${empty} is no seed of an nkey of NATS.`);
  expect(await said({ credentials: nkey })).toBe(`The file ${nkey} is no credentials file of NATS.`);
  expect(await said({ tlsKey: nkey })).toMatch(/needs its key beside it/);
  expect(await said({ nkey }, 'nats://u:pa55@127.0.0.1:1')).toBe(
    'NATS can be told of one user only, and there are user and password in the URL and an nkey.',
  );
  expect(await said({}, 'http://u:pa55@127.0.0.1:1')).toMatch(/must begin with nats:\/\/ or tls:\/\//);
  expect(await said({}, 'nats://u:pa55@127.0.0.1:x')).toBe('The address of NATS is no URL.');
});

describe('A NATS server', () => {
  it('that takes smaller messages than Tidings writes is refused at once', async () => {
    nats = await startNatsWith('max_payload: 1000000');
    expect(await refusal('nats')).toMatch(/max_payload is 1000000 bytes, and Tidings needs 1048576 or more/);
  });

  it('that takes them just so is used', async () => {
    nats = await startNatsWith('max_payload: 1048576');
    expect(await reach('nats')).toBe('reached');
  });
});
