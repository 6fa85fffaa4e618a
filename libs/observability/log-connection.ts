import type { Logger } from 'pino';
import type { Bus } from '#bus';

/** Logs when the connection to NATS is lost, once, and when it is there again. */
export function logConnection(bus: Pick<Bus, 'connection'>, logger: Logger): void {
  let lostAt = 0;
  bus.connection.listen((news) => {
    if (news === 'lost') {
      lostAt = Date.now();
      logger.warn('the connection to NATS is lost');
    } else logger.info({ away_ms: Date.now() - lostAt }, 'the connection to NATS is there again');
  });
}
