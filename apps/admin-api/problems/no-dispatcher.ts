import { Problem } from './problem.js';

const RETRY_AFTER_SECONDS = 2;

/** Nobody did what dispatchers do for those who wait for it; a moment later somebody may. */
export function noDispatcher(detail: string): Problem {
  return new Problem('no_dispatcher', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
