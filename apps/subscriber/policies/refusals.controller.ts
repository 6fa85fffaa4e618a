import { Controller } from '@nestjs/common';
import { Consume, JOURNAL, type BusMessage, type Outcome } from '#bus';
import { Refusals } from './refusals.js';

@Controller()
export class RefusalsController {
  constructor(private readonly refusals: Refusals) {}

  @Consume({
    plan: {
      stream: JOURNAL,
      durable: 'refusals',
      filter: 'journal.webhooks',
      ackWaitMs: 30_000,
      // While the database is away they come back one after another.
      maxAckPending: 100,
    },
    capacity: 10,
  })
  heed(message: BusMessage): Promise<Outcome> {
    return this.refusals.heed(message);
  }
}
