import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Unavailable, identityOf, isRunning, type ProcessIdentity } from '#embedded';
import { oneAtATime } from './one-at-a-time.js';

/** Held by whoever runs on a data folder. */
export interface FolderLock {
  release(): Promise<void>;
}

const TRIES = 20;

function readHolder(text: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the lock of a process that is gone, unless another start has done so and holds it by now. */
async function removeStale(path: string, stale: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
    // What was moved may be a newcomer's lock: give it back.
    if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * Takes the lock of a data folder. The lock is a file that names its holder; it
 * comes into being whole, by a hard link, so none is ever seen half written. One
 * whose holder is gone (`kill -9`, loss of power) is taken over.
 * @throws Unavailable when another process holds it
 */
export function takeLock(path: string, folder: string): Promise<FolderLock> {
  // Two that find the same stale lock must not clear it crosswise.
  return oneAtATime(path, () => takeOver(path, folder));
}

async function takeOver(path: string, folder: string): Promise<FolderLock> {
  const me = await identityOf(process.pid);
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const text = JSON.stringify(me ?? { pid: process.pid, started: '' });
  await writeFile(mine, text, { mode: 0o600, flag: 'wx' });
  try {
    for (let i = 0; i < TRIES; i++) {
      try {
        await link(mine, path);
        return {
          release: async () => {
            if ((await readFile(path, 'utf8').catch(() => '')) === text) await rm(path, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = await readFile(path, 'utf8').catch(() => undefined);
      if (found === undefined) continue;
      const holder = readHolder(found);
      if (holder !== undefined && (await isRunning(holder)))
        throw new Unavailable(
          `Tidings already runs on ${folder} (process ${holder.pid}). Stop that one first, or set TIDINGS_DATA_DIR to another folder.`,
        );
      await removeStale(path, found, `${mine}.stale`);
    }
    throw new Unavailable(`The lock ${path} could not be taken; other starts hold it again and again.`);
  } finally {
    await rm(mine, { force: true });
  }
}
