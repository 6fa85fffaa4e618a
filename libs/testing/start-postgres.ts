import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  embeddedPostgres,
  ensureDatabase,
  freePort,
  postgresUrl,
  startProgram,
  type RunningProgram,
} from '#embedded';

export interface TestPostgres {
  /** The address of an empty database, credentials included. */
  readonly url: string;
  /** The server's process; another one after restart. */
  readonly pid: number | undefined;
  /** Creates one more empty database and gives its address. */
  createDatabase(): Promise<string>;
  /** Ends the server in order; its data stays. */
  halt(): Promise<void>;
  /** Ends the server as a crash would; its data stays. */
  kill(): Promise<void>;
  /** Starts it again after halt or kill, on the same address. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL cluster in a temporary folder, on a free port.
 * @param options.disposable whether it may run without fsync, as specs do and measurements must not
 * @throws Unavailable when there is none for this platform or it cannot run
 */
export async function startPostgres({ disposable = true } = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-postgres-'));
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  const options = {
    dataFolder: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    port,
    password,
    disposable,
  };
  let running: RunningProgram = await startProgram(await embeddedPostgres(options));
  let databases = 0;
  const createDatabase = async (): Promise<string> => {
    databases += 1;
    const name = `test_${databases}`;
    await ensureDatabase(port, password, name);
    return postgresUrl(port, password, name);
  };
  return {
    url: await createDatabase(),
    get pid() {
      return running.pid;
    },
    createDatabase,
    halt: async () => void (await running.stop()),
    kill: async () => void (await running.kill()),
    restart: async () => {
      running = await startProgram(await embeddedPostgres(options));
    },
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
