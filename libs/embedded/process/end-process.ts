import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from './identity.js';

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

/** Longer than the apps' own ten seconds, so that they end by themselves whenever they can. */
export const STOP_GRACE_MS = 12_000;
const POLL_MS = 50;

/** Sends a signal; a process that has ended meanwhile is no fault. */
export function signalProcess(pid: number, signal: StopSignal): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends a process that is not a child of this one: asks with the signal, and
 * kills it when it is still there after the grace.
 */
export async function endProcess(
  identity: ProcessIdentity,
  signal: StopSignal,
  graceMs: number = STOP_GRACE_MS,
): Promise<void> {
  const deadline = Date.now() + graceMs;
  if (!(await isRunning(identity))) return;
  signalProcess(identity.pid, signal);
  while (await isRunning(identity)) {
    if (Date.now() >= deadline) {
      signalProcess(identity.pid, 'SIGKILL');
      return;
    }
    await sleep(POLL_MS);
  }
}
