import { constants } from 'node:fs';
import { access, mkdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Unavailable } from '#embedded';

/** Where everything lies that standalone keeps. */
export interface DataFolder {
  readonly path: string;
  readonly lock: string;
  /** What clients read: addresses, key and process ids; there only while it runs. */
  readonly standaloneJson: string;
  /** Keys, passwords and ports that stay the same from start to start. */
  readonly keptJson: string;
  /** Where the processes serve their metrics; there only while it runs. */
  readonly targetsJson: string;
  /** The processes of this run, by which the next one recognises those left over. */
  readonly childrenJson: string;
  readonly postgres: string;
  readonly nats: string;
  /** Fetched programs, where the project's own cache may not be written. */
  readonly cache: string;
  log(name: string): string;
}

const FAULTS: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  EEXIST: 'it is a file',
  ENOTDIR: 'a part of the path is a file',
  ENOSPC: 'the disk is full',
};

/**
 * Opens the data folder, creating it where there is none. Others may pass
 * through it, for PostgreSQL may have to run as another user, but not look into it.
 * @throws Unavailable when it cannot be used
 */
export async function openDataFolder(configured: string): Promise<DataFolder> {
  const wanted = resolve(configured);
  try {
    await mkdir(join(wanted, 'logs'), { recursive: true, mode: 0o711 });
    await access(wanted, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Unavailable(
      `The data folder ${wanted} cannot be used: ${FAULTS[code] ?? message}. Set TIDINGS_DATA_DIR to a folder that can.`,
      { cause: error },
    );
  }
  // Its one true name: by it, processes left over are recognised.
  const path = await realpath(wanted);
  return {
    path,
    lock: join(path, 'lock'),
    standaloneJson: join(path, 'standalone.json'),
    keptJson: join(path, 'kept.json'),
    targetsJson: join(path, 'prometheus-targets.json'),
    childrenJson: join(path, 'children.json'),
    postgres: join(path, 'postgres'),
    nats: join(path, 'nats'),
    cache: join(path, 'cache'),
    log: (name) => join(path, 'logs', `${name}.log`),
  };
}

/** Whether an earlier start has made a database or a store in the folder. */
export async function holdsData({ postgres, nats }: DataFolder): Promise<boolean> {
  const found = await Promise.all(
    [postgres, nats].map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
