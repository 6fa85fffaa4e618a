import { setFlagsFromString } from 'node:v8';

/**
 * Keeps garbage collection from stalling a process that serves (ADR 0008).
 *
 * - V8 places objects of allocation sites whose objects survived before among
 *   the old ones at once. A burst teaches it that of rows and messages, and
 *   from then on what lives for a millisecond, and all that it refers to, waits
 *   for a collection of the whole heap.
 * - V8 collects the whole heap when it has grown by a tenth, as long as that
 *   takes below 3% of the time; each such collection holds up tens of
 *   milliseconds of requests. We let it double first.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=100');
}
