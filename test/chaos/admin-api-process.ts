import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { childEnvironment } from '#config';

/** The build, which `npm run test:chaos` makes before it runs. */
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'admin-api', 'main.js');

/** One replica of the admin API, as a process of its own. */
export interface AdminApiProcess {
  /** Where it serves; another place after a restart. */
  readonly url: string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again. @returns once it serves */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param environment what it is told beside our own environment */
export async function startAdminApiProcess(environment: Record<string, string>): Promise<AdminApiProcess> {
  const start = async (): Promise<{ process: ChildProcess; url: string }> => {
    const process = fork(MAIN, [], {
      env: childEnvironment({ TIDINGS_PORT: '0', TIDINGS_LOG_LEVEL: 'error', ...environment }),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(process, 'exit').then(() => {
      throw new Error('An admin-api ended before it was ready; what it printed stands above.');
    });
    const [ready] = (await Promise.race([once(process, 'message'), ended])) as [{ url: string }];
    ended.catch(() => undefined);
    return { process, url: ready.url };
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = once(running.process, 'exit');
    if (running.process.exitCode !== null || running.process.signalCode !== null) return;
    running.process.kill(signal);
    await ended;
  };
  let running = await start();
  return {
    get url() {
      return running.url;
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      running = await start();
    },
    stop: () => end('SIGTERM'),
  };
}
