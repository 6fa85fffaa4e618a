import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The project's own folder, whether this module runs from the source or from `dist`. */
function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) return import.meta.dirname;
    folder = dirname(folder);
  }
  return folder;
}

/**
 * Where fetched programs are kept: with the project's other downloads.
 * @param fallback used when the project belongs to somebody else
 */
export async function cacheFolder(fallback?: string): Promise<string> {
  const own = join(projectFolder(), 'node_modules', '.cache', 'tidings');
  try {
    await mkdir(own, { recursive: true });
    await access(own, constants.W_OK);
    return own;
  } catch (error) {
    if (fallback === undefined) throw error;
    await mkdir(fallback, { recursive: true });
    return fallback;
  }
}

/** A fetched nats-server may lie in any of these places. */
export function cachedPrograms(fallback?: string): string[] {
  const folders = [join(projectFolder(), 'node_modules', '.cache', 'tidings'), fallback];
  return folders.flatMap((folder) => (folder === undefined ? [] : [join(folder, 'nats-server')]));
}

/**
 * Fills the cache's place for nats-server. Two processes may do so at once:
 * each works in a folder of its own, and the last one to move its program into
 * place wins, whole.
 * @param fetch given an empty folder, answers with the program's path in it
 */
export async function fillCache(
  folder: string,
  fetch: (workFolder: string) => Promise<string>,
): Promise<string> {
  const work = await mkdtemp(join(folder, 'fetching-'));
  try {
    const fetched = await fetch(work);
    await chmod(fetched, 0o755);
    const place = join(folder, 'nats-server');
    await rename(fetched, place);
    return place;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
