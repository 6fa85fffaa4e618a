import { EVENTS, JOURNAL, ROUTING, SOURCE_PREFIX, type Bus } from '#bus';
import type { EventSource } from '#domain';

/**
 * Up to when the record is complete: everything that was published by then is
 * routed, and everything that happened by then is recorded. Messages that wait
 * in a source count too.
 * @returns milliseconds since 1970
 * @throws when NATS cannot be asked
 */
export async function recordedUpTo(
  bus: Pick<Bus, 'readUpTo'>,
  sources: readonly EventSource[],
): Promise<number> {
  // Events first: what is routed while this asks stands in the journal when that is asked about.
  const routed = await Promise.all([
    bus.readUpTo(EVENTS, ROUTING),
    ...sources.map(({ name, stream }) => bus.readUpTo(stream, SOURCE_PREFIX + name)),
  ]);
  return Math.min(...routed, await bus.readUpTo(JOURNAL, 'projections'));
}
