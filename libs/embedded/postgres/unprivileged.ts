import { execFile } from 'node:child_process';
import { chown, lchown, readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from '../unavailable.js';

/**
 * PostgreSQL refuses to run as root, and initdb as a user without a name. Both
 * are met inside a user namespace that shows this user under the name of
 * another: nothing changes outside it, and files stay whose they are. Where
 * namespaces are forbidden (many containers), root hands the folder to an
 * unprivileged user and runs the program as that one.
 */
export interface Unprivileged {
  /** Goes before the command. */
  readonly prefix: readonly string[];
  /** Whom to spawn the program as. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/** The accounts of a passwd file. */
export function readAccounts(passwd: string): Account[] {
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** The account to appear as: `nobody`, which every system has, or any but root. */
export function chooseAccount(accounts: readonly Account[]): Account | undefined {
  return (
    accounts.find(({ name, uid }) => name === 'nobody' && uid > 0) ?? accounts.find(({ uid }) => uid > 0)
  );
}

async function works(command: readonly string[]): Promise<boolean> {
  try {
    await run(command[0] ?? '', command.slice(1), { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

async function isNamed(uid: number, accounts: readonly Account[]): Promise<boolean> {
  // Users from a directory service are in no passwd file, but `id` knows their names.
  return accounts.some((account) => account.uid === uid) || (await works(['id', '-un', String(uid)]));
}

/** The first folder on the way to a path that other users may not pass through. */
async function closedFolder(path: string): Promise<string | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

async function handOver(path: string, uid: number, gid: number): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await handOver(child, uid, gid);
    else await lchown(child, uid, gid);
  }
}

/**
 * How to run PostgreSQL's programs as this user.
 * @param program one of the programs, which the other user must be able to reach
 * @param dataFolder what they work on; need not exist yet
 * @throws Unavailable when there is no way, saying what to do
 */
export async function findUnprivileged(program: string, dataFolder: string): Promise<Unprivileged> {
  const uid = process.getuid?.();
  if (uid === undefined) return { prefix: [] };
  const folderOwner = await stat(dataFolder).catch(() => undefined);
  // Handed over by an earlier start: a namespace would not give root access to another user's files.
  if (uid === 0 && folderOwner !== undefined && folderOwner.uid !== 0)
    return { prefix: [], owner: { uid: folderOwner.uid, gid: folderOwner.gid } };
  const accounts = readAccounts(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  if (uid !== 0 && (await isNamed(uid, accounts))) return { prefix: [] };
  const account = chooseAccount(accounts);
  const wayOut = 'Run it as an ordinary user, or set TIDINGS_DATABASE_URL to a PostgreSQL of yours.';
  if (account === undefined)
    throw new Unavailable(`PostgreSQL runs neither as root nor as a user without a name. ${wayOut}`);
  const prefix = ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`];
  if (await works([...prefix, 'true'])) return { prefix };
  if (uid !== 0)
    throw new Unavailable(
      `The user ${uid} has no entry in /etc/passwd, which PostgreSQL needs, and user namespaces are not allowed here. ${wayOut}`,
    );
  const closed = await closedFolder(program);
  if (closed !== undefined)
    throw new Unavailable(
      `PostgreSQL does not run as root; user namespaces are not allowed here, and the user ${account.name} may not enter ${closed}. ${wayOut}`,
    );
  return { prefix: [], owner: { uid: account.uid, gid: account.gid } };
}

/**
 * Gives a folder to whom the programs run as; does nothing where that is this user.
 * @throws Unavailable when that user cannot reach it
 */
export async function prepareFolder(folder: string, { owner }: Unprivileged): Promise<void> {
  if (owner === undefined) return;
  const closed = await closedFolder(folder);
  if (closed !== undefined)
    throw new Unavailable(
      `PostgreSQL does not run as root, and the user that it runs as may not enter ${closed}. ` +
        'Set TIDINGS_DATA_DIR to a folder that others may pass through, or run it as an ordinary user.',
    );
  await handOver(folder, owner.uid, owner.gid);
}
