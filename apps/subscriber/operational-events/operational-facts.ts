import { done, readFacts, type BusMessage, type Outcome } from '#bus';
import { mayGiveOperationalEvents, operationalEventOfFact } from '#domain';
import type { OperationalPublisher } from './operational-publisher.js';

/**
 * Publishes what the journal's facts give. A message is acknowledged when JetStream has all of its events; should
 * that be done twice, the events' ids are known again.
 */
export class OperationalFacts {
  constructor(private readonly publisher: OperationalPublisher) {}

  /** @throws PublishError when JetStream did not take an event; the message is then to come again */
  async heed({ payload }: Pick<BusMessage, 'payload'>): Promise<Outcome> {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    if (!mayGiveOperationalEvents(text)) return done;
    const events = readFacts(payload).flatMap((fact) => operationalEventOfFact(fact) ?? []);
    await Promise.all(events.map((event) => this.publisher.publish(event)));
    return done;
  }
}
