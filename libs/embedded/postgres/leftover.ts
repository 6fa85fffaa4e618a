import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.js';
import { endProcess } from '../process/end-process.js';
import { commandLineOf, identityOf } from '../process/identity.js';

/** Above the largest that Linux and macOS give out, so no process ever has it. */
const NOBODYS_PID = 4_194_305;

/**
 * Clears the way for a server on this data folder: ends one that still runs on
 * it since its starter was killed.
 *
 * When the number in the pid file belongs to a stranger by now (a restarted
 * container, a rebooted machine), PostgreSQL takes it for its predecessor and
 * refuses to start. Then the number is replaced and the file stays, for by the
 * rest of it PostgreSQL recognises orphans that may still write to the folder.
 */
export async function clearLeftover(dataFolder: string): Promise<void> {
  const file = join(dataFolder, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const identity = Number.isNaN(pid) ? undefined : await identityOf(pid);
  if (identity === undefined) return;
  const line = await commandLineOf(pid);
  // The folder's name alone will not do: a shell or an editor may have it on its command line.
  if (line.some((part) => /(^|\/)postgres$/.test(part)) && line.includes(dataFolder))
    await endProcess(identity, 'SIGINT');
  else await replaceFile(file, text.replace(/^\s*\d+/, String(NOBODYS_PID)));
}
