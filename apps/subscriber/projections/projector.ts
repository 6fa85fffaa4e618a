import { readFacts, wholeFact, type BusMessage, type EventStore } from '#bus';
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
    const facts = await Promise.all(readFacts(message.payload).map((fact) => wholeFact(this.events, fact)));
    await this.commit.add(facts);
    this.observed(facts.length, message.storedAt);
  }
}
