import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { embeddedPostgres, ensureDatabase, freePort, postgresUrl, startProgram } from '#embedded';

const DATABASE = 'record';
/** A quarter of the memory, as a server of such a record has; ours are made for small ones. */
const BUFFERS = ['-c', `shared_buffers=${Math.round(totalmem() / 4 / 2 ** 20)}MB`];

export interface KeptPostgres {
  url: string;
  /** What secrets in it are sealed with, as TIDINGS_ENCRYPTION_KEYS has it. */
  encryptionKeys: string;
  /** Ends the server; its data stays. */
  stop(): Promise<void>;
}

/** A cluster whose data stays in a folder, so that what took long to make is measured more than once. */
export async function startKeptPostgres(folder: string): Promise<KeptPostgres> {
  const home = resolve(folder);
  mkdirSync(home, { recursive: true });
  const password = keptIn(home, 'password', () => randomBytes(12).toString('hex'));
  const encryptionKeys = keptIn(home, 'encryption-keys', () => `k1:${randomBytes(32).toString('base64')}`);
  const port = await freePort();
  const program = await embeddedPostgres({
    dataFolder: join(home, 'data'),
    logFile: join(home, 'postgres.log'),
    port,
    password,
  });
  const running = await startProgram({ ...program, command: [...program.command, ...BUFFERS] });
  await ensureDatabase(port, password, DATABASE);
  const url = postgresUrl(port, password, DATABASE);
  return { url, encryptionKeys, stop: async () => void (await running.stop()) };
}

function keptIn(folder: string, name: string, make: () => string): string {
  const file = join(folder, name);
  try {
    writeFileSync(file, make(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
