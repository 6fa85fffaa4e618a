const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** Up for so long, a program has recovered, and its next death is news. */
const RECOVERED_MS = 10_000;

/**
 * How long to wait before a program is started again, in milliseconds.
 * @param previousMs the wait before the run that ended now; 0 when there was none
 * @param servedMs for how long that run served; 0 when it never did
 */
export function restartDelayMs(previousMs: number, servedMs: number): number {
  if (previousMs === 0 || servedMs >= RECOVERED_MS) return FIRST_MS;
  return Math.min(previousMs * 2, LONGEST_MS);
}
