import { setFlagsFromString } from 'node:v8';

export const FLAGS = [
  '--no-allocation-site-pretenuring',
  '--heap-growing-percent=300',
  '--external-memory-accounted-in-global-limit',
] as const;

/**
 * Options that apps are to be started with, for Node.js takes them then only:
 *
 * - One thread collects beside the one that serves. Apps share few cores with
 *   each other and with the servers, and four that mark at once keep all of them waiting.
 * - The whole heap is not collected because the process has grown quieter. That
 *   gives memory back and takes 40 to 50 ms, in which an app that still serves does not.
 */
export const APP_OPTIONS = ['--v8-pool-size=1', '--no-memory-reducer'] as const;

/**
 * Keeps garbage collection from stalling a process that serves (ADR 0008 has
 * the figures). A collection of the whole heap holds everything up for tens of
 * milliseconds, so there shall be few of them:
 *
 * - What an allocation site makes is not placed among the old objects because
 *   its objects once survived. A burst teaches V8 that of rows and messages;
 *   from then on all that they refer to waits for such a collection.
 * - The heap may grow to four times of what lives in it, where V8 would collect
 *   as soon as it has grown by a tenth.
 * - Buffers count as part of that heap, and do not ask for a collection of
 *   their own with each 64 MB.
 */
export function tuneGarbageCollection(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
