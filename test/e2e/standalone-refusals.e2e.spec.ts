import { jest } from '@jest/globals';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#embedded';
import { spawnStandalone, startStandalone, temporaryDataDir } from '#testing';

jest.setTimeout(180_000);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('standalone says in a sentence what is in its way', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await temporaryDataDir();
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const refusal = async (
    env: Record<string, string | undefined> = {},
    args: string[] = [],
  ): Promise<string> => {
    const end = await spawnStandalone(dataDir, { env, args }).ended;
    expect(end.code).toBe(1);
    const [, sentence = end.output] = /Tidings did not start\. (.*)/.exec(end.output) ?? [];
    expect(await exists(join(dataDir, 'lock'))).toBe(false);
    expect(await exists(join(dataDir, 'standalone.json'))).toBe(false);
    return sentence;
  };

  it('when the port of the admin API is in use, before anything is started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await refusal({ TIDINGS_PORT: String(port) })).toBe(
      `Port ${port} on 127.0.0.1 is in use by another program. Stop that one, or set TIDINGS_PORT to another port (0 takes any free one).`,
    );
    expect(await exists(join(dataDir, 'postgres'))).toBe(false);
    server.close();
  });

  it('when TIDINGS_NATS_SERVER is not a nats-server', async () => {
    expect(await refusal({ TIDINGS_NATS_SERVER: '/bin/true' })).toMatch(
      /^TIDINGS_NATS_SERVER is \/bin\/true, which does not run as a nats-server\. Install nats-server 2\.14 or newer /,
    );
  });

  it('when TIDINGS_NATS_SERVER is too old', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-old-nats-'));
    const program = join(folder, 'nats-server');
    await writeFile(program, '#!/bin/sh\necho "nats-server: v2.10.7"\n');
    await chmod(program, 0o755);
    expect(await refusal({ TIDINGS_NATS_SERVER: program })).toContain(
      'version 2.10.7; 2.14 or newer is needed.',
    );
    await rm(folder, { recursive: true });
  });

  it('when a server that it shall use cannot be reached', async () => {
    const port = await freePort();
    expect(await refusal({ TIDINGS_NATS_URL: `nats://me:geheim@127.0.0.1:${port}` })).toBe(
      `TIDINGS_NATS_URL points to 127.0.0.1:${port} (ECONNREFUSED), which cannot be reached. Start that server, or unset TIDINGS_NATS_URL to use one that comes with Tidings.`,
    );
  });

  it('when a variable is not valid, or an option unknown', async () => {
    expect(await refusal({ TIDINGS_PORT: 'http' })).toMatch(
      /^The configuration is not valid\. TIDINGS_PORT: /,
    );
    expect(await refusal({}, ['--dmeo'])).toBe(
      'There is no option --dmeo; --demo and --help are all there are.',
    );
  });

  it('when the data folder is a file', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    expect(await refusal({ TIDINGS_DATA_DIR: file })).toBe(
      `The data folder ${file} cannot be used: a part of the path is a file. Set TIDINGS_DATA_DIR to a folder that can.`,
    );
  });

  it('when the encryption key that its secrets are sealed with is missing, wrong, or no key', async () => {
    const system = await startStandalone({ dataDir });
    const webhook = { name: 'sealed', url: 'http://127.0.0.1:9/', event_types: ['a'] };
    expect((await system.api('POST', '/webhooks', webhook)).status).toBe(201);
    await system.stop();
    const key = Buffer.alloc(32, 7).toString('base64');
    const refusedWith = (keys: string) => refusal({ TIDINGS_ENCRYPTION_KEYS: keys });
    for (const [keys, reason] of [
      [
        `k2:${key}`,
        'The encryption key "k1" is missing in TIDINGS_ENCRYPTION_KEYS, and secrets in PostgreSQL are sealed with it.',
      ],
      [
        `k1:${key}`,
        'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS is not the one that sealed secrets in PostgreSQL under this id.',
      ],
      [
        `k1:${key}!`,
        'The encryption key "k1" is not base64; TIDINGS_ENCRYPTION_KEYS must be a list of id:base64.',
      ],
    ] as const) {
      const sentence = await refusedWith(keys);
      expect(sentence).toContain(reason);
      expect(sentence).not.toContain(key.slice(0, 20));
    }
  });

  it('when its data folder is damaged', async () => {
    await (await startStandalone({ dataDir })).stop();
    const control = join(dataDir, 'postgres', 'global', 'pg_control');
    await truncate(control, 100);
    const sentence = await refusal();
    expect(sentence).toMatch(/^PostgreSQL ended before it was ready \((exit code \d+|SIG[A-Z]+): .+\)/);
    expect(sentence).toContain(`its log is ${join(dataDir, 'logs', 'postgres.log')}.`);
    expect(sentence).toContain(
      `If its data in ${join(dataDir, 'postgres')} is damaged, put a backup in its place`,
    );

    const kept = join(dataDir, 'kept.json');
    await writeFile(kept, '{"operator_key":');
    expect(await refusal()).toMatch(/kept\.json is damaged: it does not hold the passwords and keys /);
    await rm(kept);
    expect(await refusal()).toMatch(/kept\.json is gone, and with it the passwords and keys /);
  });
});
