import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { loggedError, redact } from './redact.js';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines on stderr, one for each thing worth reading. Of errors only what loggedError lets
 * through, and every line with what looks like a secret masked.
 * @param app the name that each line carries
 * @param destination where whole lines go
 */
export function createLogger(
  level: string,
  app: string,
  destination: { write: (line: string) => void } = pino.destination(2),
): Logger {
  return pino(
    {
      ...{ level, name: app, base: { app }, timestamp: pino.stdTimeFunctions.isoTime },
      serializers: {
        err: (error: unknown) => loggedError(error),
        error: (error: unknown) => loggedError(error),
      },
    },
    { write: (line) => destination.write(redact(line)) },
  );
}

/** Lets Nest write to our log. Its chatter about starting is for debugging. */
export function nestLogger(logger: Logger): LoggerService {
  return {
    log: (message: unknown, context?: unknown) => logger.debug({ context }, String(message)),
    debug: (message: unknown, context?: unknown) => logger.debug({ context }, String(message)),
    verbose: (message: unknown, context?: unknown) => logger.trace({ context }, String(message)),
    warn: (message: unknown, context?: unknown) => logger.warn({ context }, String(message)),
    error: (message: unknown, stack?: unknown, context?: unknown) =>
      logger.error({ context, stack }, String(message)),
    fatal: (message: unknown, context?: unknown) => logger.fatal({ context }, String(message)),
  };
}
