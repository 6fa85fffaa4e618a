import { fork, type ChildProcess } from 'node:child_process';
import { APP_OPTIONS } from '#observability';

export interface Child {
  process: ChildProcess;
  pid: number;
  /** Where it serves, if it does. */
  url: string;
}

/**
 * Starts one of our programs.
 * @returns once it has said that it is ready
 * @throws Error when it ends before
 */
export async function child(path: string, args: string[], env: Record<string, string> = {}): Promise<Child> {
  const started = fork(path, args, {
    env: { ...process.env, ...env },
    execArgv: [...process.execArgv, ...APP_OPTIONS],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { url = '' } = await new Promise<{ url?: string }>((resolve, reject) => {
    started.once('message', (message) => resolve(message as { url?: string }));
    started.once('exit', (code) => reject(new Error(`${path} ended with ${code}`)));
  });
  return { process: started, pid: started.pid ?? 0, url };
}

/** Asks it to stop, and waits until it has; at once when it has ended already. */
export async function stop({ process }: Child): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGTERM');
  await ended;
}
