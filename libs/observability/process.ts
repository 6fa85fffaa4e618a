import type { Logger } from 'pino';
import { tuneGarbageCollection } from './garbage-collection.js';
import { loggedError, redact } from './redact.js';

/** What a started app gives to whoever runs it. */
export interface RunningApp {
  /** Where it serves. */
  url: string;
  /** Finishes or hands back what is in flight, and closes everything. */
  stop: () => Promise<void>;
}

/** A stop that takes longer is cut off: an orchestrator would kill us then anyway. */
const STOP_WITHIN_MS = 10_000;

/**
 * Runs an app as a process: tells the parent when it serves, stops it cleanly
 * on SIGTERM, SIGINT or when the parent is gone, and says in one line why it
 * could not start.
 */
export async function runProcess(
  name: string,
  start: () => Promise<RunningApp>,
  logger?: () => Logger,
): Promise<void> {
  tuneGarbageCollection();
  let app: RunningApp | undefined;
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    logger?.().info({ why }, 'stopping');
    // Nothing has been taken on before the start is complete.
    if (!app) process.exit(0);
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(`${name} did not stop cleanly`, error),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Node would print the error with all that it carries, such as the parameters of a query.
  process.on('uncaughtException', (error: unknown) => {
    const { stack, message } = loggedError(error);
    process.stderr.write(`${name} ends: ${stack ?? message}\n`);
    process.exit(1);
  });
  process.on('disconnect', () => stop('the parent process is gone'));
  try {
    app = await start();
  } catch (error) {
    fail(`${name} could not start`, error);
  }
  process.send?.({ type: 'ready', url: app.url });
}

function fail(what: string, error: unknown): never {
  process.stderr.write(`${what}: ${redact(error instanceof Error ? error.message : String(error))}\n`);
  process.exit(1);
}
