import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from '../unavailable.js';
import type { PostgresPrograms } from './programs.js';
import { prepareFolder, type Unprivileged } from './unprivileged.js';

export const SUPERUSER = 'tidings';

const run = promisify(execFile);

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/**
 * Creates a database cluster. It is made beside its place and moved there when
 * it is whole, so an interrupted start leaves nothing half made behind.
 * @param folder where it shall be; must not exist
 * @throws Unavailable with what initdb said; AbortError when the signal is aborted
 */
export async function createCluster(
  folder: string,
  password: string,
  programs: PostgresPrograms,
  unprivileged: Unprivileged,
  { disposable, signal }: { disposable: boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(join(draft, 'data'), { recursive: true, mode: 0o700 });
  await writeFile(join(draft, 'password'), password, { mode: 0o600 });
  await prepareFolder(draft, unprivileged);
  const [command = '', ...args] = [
    ...unprivileged.prefix,
    programs.initdb,
    ...['-D', join(draft, 'data'), '-U', SUPERUSER, '--pwfile', join(draft, 'password')],
    ...['-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--locale-provider=builtin'],
    '--builtin-locale=C.UTF-8',
    ...(disposable ? ['--no-sync'] : []),
  ];
  try {
    await run(command, args, { cwd: draft, signal, ...unprivileged.owner });
    await rename(join(draft, 'data'), folder);
  } catch (error) {
    signal?.throwIfAborted();
    const said = ((error as { stderr?: string }).stderr ?? '').trim().split('\n');
    const reason = said.find((line) => line.startsWith('initdb: error')) ?? said.at(-1) ?? '';
    throw new Unavailable(
      `PostgreSQL's data folder could not be made in ${dirname(folder)}: ${reason || String(error)}.`,
      { cause: error },
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
