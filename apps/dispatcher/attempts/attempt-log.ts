import type { Logger } from '#observability';
import type { AttemptCounter } from './courier.js';

/**
 * Writes a line of the log for each attempt, at the level debug. Where that level is off the counter comes back as it
 * is: on the hot path a log that nobody reads costs nothing.
 */
export function withAttemptLog(counter: AttemptCounter, logger: Logger): AttemptCounter {
  if (!logger.isLevelEnabled('debug')) return counter;
  return {
    ...counter,
    attempted: (attempt, outcome, owed) => {
      counter.attempted(attempt, outcome, owed);
      const { tenant, event, delivery, webhook } = owed;
      logger.debug(
        {
          ...{ tenant, event, delivery, webhook, attempt: attempt.id, number: attempt.number },
          ...{ outcome, status: attempt.response?.status, error: attempt.error?.kind },
          duration_ms: Math.round(attempt.duration_ms),
        },
        'an attempt was made',
      );
    },
  };
}
