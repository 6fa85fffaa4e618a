import { Controller } from '@nestjs/common';
import { Consume, EVENTS, JOURNAL, type BusMessage, type Outcome } from '#bus';
import { OperationalFacts } from './operational-facts.js';
import { OperationalNotices } from './operational-notices.js';

@Controller()
export class OperationalEventsController {
  constructor(
    private readonly facts: OperationalFacts,
    private readonly notices: OperationalNotices,
  ) {}

  @Consume({
    plan: {
      stream: JOURNAL,
      durable: 'operational-events',
      // Not those of routing and of people, which give none.
      filter: ['journal.dispatcher', 'journal.webhooks'],
      // Where this is new the journal may hold a month of what is no news.
      start: 'lately',
      ackWaitMs: 30_000,
      maxAckPending: 200,
    },
    capacity: 20,
  })
  heedFacts(message: BusMessage): Promise<Outcome> {
    return this.facts.heed(message);
  }

  @Consume({
    plan: {
      stream: EVENTS,
      durable: 'operational-notices',
      filter: 'events.*.tidings.>',
      ackWaitMs: 30_000,
      // One after another: notices are counted, and a recovery takes back what came before it.
      maxAckPending: 1,
    },
    capacity: 1,
  })
  note(message: BusMessage): Promise<Outcome> {
    return this.notices.note(message);
  }
}
