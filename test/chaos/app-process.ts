import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { childEnvironment } from '#config';

/** The build, which `npm run test:chaos` makes before it runs. */
const APPS = join(import.meta.dirname, '..', '..', 'dist', 'apps');

/** One replica of an app, as a process of its own. */
export interface AppProcess {
  /** Where it serves; another place after a restart. */
  readonly url: string;
  /** By which signal it ended; undefined while it runs, null when it went by itself. */
  readonly endedBy: NodeJS.Signals | null | undefined;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again. @returns once it serves */
  restart(): Promise<void>;
  /** Asks it to end, and waits for that. */
  stop(): Promise<void>;
}

interface Running {
  process: ChildProcess;
  url: string;
}

/**
 * Resolves when it serves or, with options of node's own that make it die, when it died before that.
 * @param environment what it is told beside our own environment
 * @param nodeOptions as `--import`; not for its restarts
 */
export async function startAppProcess(
  app: 'admin-api' | 'subscriber' | 'dispatcher',
  environment: Record<string, string>,
  nodeOptions: string[] = [],
): Promise<AppProcess> {
  const start = async (execArgv: string[]): Promise<Running> => {
    const process = fork(join(APPS, app, 'main.js'), [], {
      env: childEnvironment({ TIDINGS_PORT: '0', TIDINGS_LOG_LEVEL: 'error', ...environment }),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv,
    });
    const ended = once(process, 'exit').then(() => {
      if (execArgv.length > 0) return [{ url: '' }];
      throw new Error(`The ${app} ended before it was ready; what it printed stands above.`);
    });
    const [ready] = (await Promise.race([once(process, 'message'), ended])) as [{ url: string }];
    ended.catch(() => undefined);
    return { process, url: ready.url };
  };
  const isOver = ({ process }: Running) => process.exitCode !== null || process.signalCode !== null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isOver(running)) return;
    const ended = once(running.process, 'exit');
    running.process.kill(signal);
    await ended;
  };
  let running = await start(nodeOptions);
  return {
    get url() {
      return running.url;
    },
    get endedBy() {
      return isOver(running) ? running.process.signalCode : undefined;
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      running = await start([]);
    },
    stop: () => end('SIGTERM'),
  };
}
