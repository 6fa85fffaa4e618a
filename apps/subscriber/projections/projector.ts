import { readEvent, type Fact } from '#domain';
import { readFacts, type BusMessage, type EventStore } from '#bus';
import type { GroupCommit } from './group-commit.js';

/** Brings the facts of a journal message into the record. */
export class Projector {
  constructor(
    private readonly events: EventStore,
    private readonly commit: GroupCommit,
    private readonly observed: (facts: number, storedAt: number) => void,
  ) {}

  /** Resolves when the record has them. */
  async project(message: BusMessage): Promise<void> {
    const facts = await Promise.all(readFacts(message.payload).map((fact) => this.whole(fact)));
    await this.commit.add(facts);
    this.observed(facts.length, message.storedAt);
  }

  /** Large events stay where they came in and are fetched from there. */
  private async whole(fact: Fact): Promise<Fact> {
    if (fact.kind !== 'event.accepted' || fact.data !== null) return fact;
    const stored = await this.events.read(fact);
    const read = stored && readEvent(stored);
    // Gone from EVENTS: the record then shows the event without its payload.
    if (!read?.ok) return fact;
    const { data, metadata } = read.event;
    return { ...fact, data, metadata };
  }
}
