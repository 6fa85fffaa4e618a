import { setTimeout as sleep } from 'node:timers/promises';

/**
 * For work that takes long and is in no hurry: half of the time is left to
 * whatever else the process has to do, in parts so short that nobody waits long.
 * @param count how often the work may go on before it rests
 * @returns to be awaited each time; rests after so many, for as long as they took
 */
export function restAfter(count: number): () => Promise<void> | undefined {
  let left = count;
  let begun = performance.now();
  return () => {
    if (left-- > 0) return undefined;
    left = count - 1;
    return sleep(performance.now() - begun).then(() => void (begun = performance.now()));
  };
}
