import { done, JOURNAL, readFacts, type Bus } from '#bus';
import type { Fact } from '#domain';

export interface JournalReader {
  /** All facts since the beginning of the journal. */
  readonly facts: Fact[];
  /** Those of one kind. */
  of<Kind extends Fact['kind']>(kind: Kind): Extract<Fact, { kind: Kind }>[];
  stop(): Promise<void>;
}

let readers = 0;

/** Reads the journal along, from its beginning. */
export async function readJournal(bus: Bus): Promise<JournalReader> {
  const facts: Fact[] = [];
  readers += 1;
  const consumer = bus.consumer({
    plan: {
      stream: JOURNAL,
      durable: `reader-${process.pid}-${readers}`,
      filter: 'journal.>',
      ackWaitMs: 30_000,
      maxAckPending: 1_000,
    },
    capacity: 100,
    handle: (message) => {
      facts.push(...readFacts(message.payload));
      return Promise.resolve(done);
    },
    report: () => undefined,
  });
  await consumer.start();
  return {
    facts,
    of: <Kind extends Fact['kind']>(kind: Kind) =>
      facts.filter((fact): fact is Extract<Fact, { kind: Kind }> => fact.kind === kind),
    stop: () => consumer.drain(1_000),
  };
}
