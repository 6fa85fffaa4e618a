import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcess } from '../process/end-process.js';
import { commandLineOf, identityOf } from '../process/identity.js';

/**
 * Clears the way for a server on this data folder: ends one that still runs on
 * it since its starter was killed, and removes the pid file of one that is gone.
 * PostgreSQL would do the latter, but takes any process that has the number by
 * now for its predecessor and then refuses to start.
 */
export async function clearLeftover(dataFolder: string): Promise<void> {
  const file = join(dataFolder, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const identity = Number.isNaN(pid) ? undefined : await identityOf(pid);
  const line = identity === undefined ? [] : await commandLineOf(pid);
  // The folder's name alone will not do: a shell or an editor may have it on its command line.
  const ours = line.some((part) => /(^|\/)postgres$/.test(part)) && line.includes(dataFolder);
  if (identity !== undefined && ours) await endProcess(identity, 'SIGINT');
  await rm(file, { force: true });
}
