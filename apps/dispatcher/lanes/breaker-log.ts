import type { BreakerTurn } from '#domain';
import type { Logger } from '#observability';
import type { PaceKeepers } from './pace.js';

/**
 * Logs what breakers do: that one opened or closed is worth reading, a probe that failed is not.
 * @param count told of each
 */
export function breakerLog(
  logger: Logger,
  count: (turn: BreakerTurn) => void,
): NonNullable<PaceKeepers['breakerTurned']> {
  return ({ tenant, id: webhook }, turn, { failures, next_probe_at }) => {
    count(turn);
    const ids = { tenant, webhook };
    if (turn === 'closed') logger.info(ids, 'a circuit closed');
    else {
      const probe_at = next_probe_at === null ? undefined : new Date(next_probe_at).toISOString();
      const found = { ...ids, failures, probe_at };
      if (turn === 'opened') logger.info(found, 'a circuit opened');
      else logger.debug(found, 'a probe failed');
    }
  };
}
