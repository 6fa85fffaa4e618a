import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchNatsServer, type Source } from './fetch-nats-server.js';
import { findNatsServer } from './find-nats-server.js';
import { natsServerVersion } from './version.js';

/** A stand-in for a download: a script that says the version. */
const offering = (version: string): Source => ({
  name: `the shop of ${version}`,
  fetch: async (folder) => {
    const program = join(folder, 'nats-server');
    await writeFile(program, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
    return program;
  },
});
const closed: Source = {
  name: 'the closed shop',
  fetch: () => Promise.reject(new Error('closed on Sundays')),
};

describe('a nats-server that is fetched', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'tidings-cache-'));
  });
  afterEach(() => rm(cache, { recursive: true }));

  it('comes from the first source that has a new enough one, and nothing else stays behind', async () => {
    const told: string[] = [];
    const sources = [closed, offering('2.10.7'), offering('2.15.1'), offering('2.16.0')];
    const program = await fetchNatsServer(cache, { onProgress: (what) => told.push(what) }, sources);
    expect(await natsServerVersion(program)).toBe('2.15.1');
    expect(await readdir(cache)).toEqual(['nats-server']);
    expect(told).toEqual([
      'fetching nats-server from the closed shop',
      'fetching nats-server from the shop of 2.10.7',
      'fetching nats-server from the shop of 2.15.1',
    ]);
  });

  it('that is to be had nowhere is a sentence with the reasons and the way out', async () => {
    await expect(fetchNatsServer(cache, {}, [closed, offering('2.10.7')])).rejects.toThrow(
      'No nats-server was found, and none could be fetched (the closed shop: closed on Sundays; the shop of 2.10.7: what came is version 2.10.7). Install nats-server 2.14 or newer (https://nats.io/download), or set TIDINGS_NATS_SERVER to its path, or TIDINGS_NATS_URL to a server that runs.',
    );
    expect(await readdir(cache)).toEqual([]);
  });

  it('is whole when several processes fetch it at once', async () => {
    const all = Array.from({ length: 8 }, () => fetchNatsServer(cache, {}, [offering('2.15.1')]));
    for (const program of await Promise.all(all)) expect(await natsServerVersion(program)).toBe('2.15.1');
    expect(await readdir(cache)).toEqual(['nats-server']);
  });

  it('is given up when that is asked for', async () => {
    const stop = new AbortController();
    const endless: Source = {
      name: 'the slow shop',
      fetch: (_folder, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(new Error('cut off'))),
        ),
    };
    const fetching = fetchNatsServer(cache, { signal: stop.signal }, [endless, offering('2.15.1')]);
    setTimeout(() => stop.abort(), 20);
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('a nats-server that is configured', () => {
  it('is used, and no other: one that is none is refused', async () => {
    await expect(findNatsServer({ configured: '/bin/true' })).rejects.toThrow(
      /^TIDINGS_NATS_SERVER is \/bin\/true, which does not run as a nats-server\./,
    );
  });
});
