import { readEvent, type Fact } from '#domain';
import type { EventStore } from './event-store.js';

/**
 * A fact with all that it tells of: large events stay where they came in and
 * are fetched from there. Where they are kept no more, the fact as it is.
 */
export async function wholeFact(events: EventStore, fact: Fact): Promise<Fact> {
  if (fact.kind !== 'event.accepted' || fact.data !== null) return fact;
  const stored = await events.read(fact);
  const read = stored && readEvent(stored);
  // The record then shows the event without its payload.
  if (!read?.ok) return fact;
  const { data, metadata } = read.event;
  return { ...fact, data, metadata };
}
