import { readEvent, type EventAccepted, type Fact } from '#domain';
import { readFacts, type BusMessage, type EventStore } from '#bus';
import type { GroupCommit } from './group-commit.js';

/** Brings the facts of a journal message into the record. */
export class Projector {
  constructor(
    private readonly events: EventStore,
    private readonly commit: GroupCommit,
    private readonly observed: (facts: number, lagMs: number) => void,
  ) {}

  /** Resolves when the record has them. */
  async project(message: BusMessage): Promise<void> {
    const facts = await Promise.all(readFacts(message.payload).map((fact) => this.whole(fact)));
    await this.commit.add(facts);
    this.observed(facts.length, Date.now() - message.storedAt);
  }

  /** Large payloads stay in EVENTS and are fetched from there. */
  private async whole(fact: Fact): Promise<Fact> {
    if (fact.kind !== 'event.accepted' || fact.data !== null) return fact;
    return { ...fact, data: await this.payloadOf(fact) };
  }

  /** Null when EVENTS no longer has it: the record then shows the event without its payload. */
  private async payloadOf({ sequence }: EventAccepted): Promise<string | null> {
    const stored = await this.events.read(sequence);
    if (!stored) return null;
    const read = readEvent(stored);
    return read.ok ? read.event.data : null;
  }
}
