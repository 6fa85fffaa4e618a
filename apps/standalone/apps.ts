import { join } from 'node:path';
import { childEnvironment } from '#config';
import type { Program } from '#embedded';
import { APP_OPTIONS } from '#observability';

export type AppName = 'admin-api' | 'subscriber' | 'dispatcher';

/** One process of an app. */
export interface AppInstance {
  readonly app: AppName;
  /** Unique among the processes: the app's name, from the second one on with its number. */
  readonly name: string;
}

/** Long, for the admin API may have much data to migrate; an app that fails ends, and is not waited for. */
const READY_WITHIN_MS = 600_000;

/** The processes of an app, as many as asked for. */
export function instancesOf(app: AppName, count: number): AppInstance[] {
  return Array.from({ length: count }, (_, i) => ({ app, name: i === 0 ? app : `${app}-${i + 1}` }));
}

/**
 * The program that runs an app. It says by IPC when it serves, and ends by
 * itself when that channel closes, that is, when this process dies.
 */
export function appProgram(
  { app, name }: AppInstance,
  variables: Record<string, string | undefined>,
  logFile: string,
): Program {
  return {
    title: name,
    // The apps lie beside this one, compiled by the same build.
    command: [process.execPath, ...APP_OPTIONS, join(import.meta.dirname, '..', app, 'main.js')],
    env: childEnvironment(variables),
    ipc: true,
    stopSignal: 'SIGTERM',
    logFile,
    readyWithinMs: READY_WITHIN_MS,
    whenReady: (child) =>
      new Promise((resolve) => {
        child.on('message', (message) => {
          if ((message as { type?: unknown } | null)?.type === 'ready') resolve();
        });
      }),
  };
}
