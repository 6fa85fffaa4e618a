import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config';
import {
  embeddedNats,
  findNatsServer,
  freePort,
  natsUrl,
  startProgram,
  type RunningProgram,
} from '#embedded';

export interface TestNats {
  /** The server's address, credentials included. */
  readonly url: string;
  /** The server's process; another one after restart. */
  readonly pid: number | undefined;
  /** Ends the server in order; its store stays. */
  halt(): Promise<void>;
  /** Ends the server as a crash would; its store stays. */
  kill(): Promise<void>;
  /** Starts it again after halt or kill, on the same address and store. */
  restart(): Promise<void>;
  /** Removes the store, as a lost disk would; only while the server is down. */
  loseStore(): Promise<void>;
  /** Ends the server and removes its store. */
  stop(): Promise<void>;
}

/**
 * A real nats-server with JetStream, its store in a temporary folder, on a free port.
 * @throws Unavailable when no nats-server can be had
 */
export async function startNats(): Promise<TestNats> {
  const server = await findNatsServer({ configured: loadConfig().TIDINGS_NATS_SERVER });
  const folder = await mkdtemp(join(tmpdir(), 'tidings-nats-'));
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  const program = await embeddedNats({
    program: server,
    folder,
    logFile: join(folder, 'nats.log'),
    port,
    password,
  });
  let running: RunningProgram = await startProgram(program);
  return {
    url: natsUrl(port, password),
    get pid() {
      return running.pid;
    },
    halt: async () => void (await running.stop()),
    kill: async () => void (await running.kill()),
    restart: async () => {
      running = await startProgram(program);
    },
    loseStore: () => rm(join(folder, 'store'), { recursive: true, force: true }),
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
