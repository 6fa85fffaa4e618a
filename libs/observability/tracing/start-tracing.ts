import type { Logger } from '../logger.js';
import type { Tracing } from './tracing.js';
import type { TracingSettings } from './tracing-settings.js';

/**
 * Begins to record and export spans, where it is said to where. What that takes is only loaded then: 28 MB and
 * a fifth of a second.
 * @param app whose spans they are
 * @returns undefined where they are not wanted
 */
export async function startTracing(
  settings: TracingSettings | undefined,
  app: string,
  logger: Logger,
): Promise<Tracing | undefined> {
  if (settings === undefined) return undefined;
  const { openTracing } = await import('./open-tracing.js');
  return openTracing(settings, app, logger);
}
