import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedNats } from '#embedded';
import { openDataFolder } from './data-folder.js';
import { readOrMakeKept } from './kept.js';
import { StandaloneFile } from './standalone-json.js';

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('what standalone writes with secrets', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tidings-modes-'));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('can be read by its owner only, whatever the umask, and others cannot list the folder', async () => {
    const before = process.umask(0);
    try {
      const folder = await openDataFolder(join(parent, 'data'));
      const kept = await readOrMakeKept(folder.keptJson, false);
      await new StandaloneFile(folder.standaloneJson, () => ({
        ...{ api_url: '', operator_key: kept.operator_key, nats_url: '', database_url: '', processes: {} },
      })).update();
      await embeddedNats({
        ...{ program: 'none', folder: folder.nats, logFile: folder.log('nats'), port: 1 },
        password: kept.nats_password,
      });
      for (const file of [folder.keptJson, folder.standaloneJson, join(folder.nats, 'nats-server.conf')])
        expect([file, await modeOf(file)]).toEqual([file, '600']);
      // PostgreSQL may run as another user, which passes through and sees its own folder only.
      expect(await modeOf(folder.path)).toBe('711');
      expect(await modeOf(folder.nats)).toBe('700');
    } finally {
      process.umask(before);
    }
  });
});
