import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from './identity.js';

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

/** Longer than the apps' own ten seconds, so that they end by themselves whenever they can. */
export const STOP_GRACE_MS = 12_000;
const KILL_MS = 5_000;
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
 * kills it when it is still there after the grace (milliseconds).
 * @returns whether there was such a process
 */
export async function endProcess(
  identity: ProcessIdentity,
  signal: StopSignal,
  graceMs: number = STOP_GRACE_MS,
): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  for (const [step, patienceMs] of [
    [signal, graceMs],
    ['SIGKILL', KILL_MS],
  ] as const) {
    const deadline = Date.now() + patienceMs;
    if (!(await isRunning(identity))) break;
    signalProcess(identity.pid, step);
    while (Date.now() < deadline && (await isRunning(identity))) await sleep(POLL_MS);
  }
  return true;
}
