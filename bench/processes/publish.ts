import { join } from 'node:path';
import { child } from './child.js';
import type { Flow } from './publisher.js';

/**
 * Publishes events from a process of its own.
 * @param begun called when the first is about to go out
 * @returns once all are acknowledged
 */
export async function publish(
  natsUrl: string,
  prefix: string,
  flows: Flow[],
  begun: () => Promise<unknown> | void = () => {},
): Promise<void> {
  const path = join(import.meta.dirname, 'publisher.js');
  const { process: publisher } = await child(path, [natsUrl, prefix, JSON.stringify(flows)]);
  const ended = new Promise((resolve) => publisher.once('exit', resolve));
  await begun();
  const code = await ended;
  if (code !== 0) throw new Error(`The publisher ended with ${String(code)}.`);
}
