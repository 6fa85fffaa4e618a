import { Controller } from '@nestjs/common';
import { Consume, done, JOURNAL, type BusMessage, type Outcome } from '#bus';
import { Projector } from './projector.js';

@Controller()
export class ProjectionsController {
  constructor(private readonly projector: Projector) {}

  @Consume({
    plan: {
      stream: JOURNAL,
      durable: 'projections',
      filter: 'journal.>',
      ackWaitMs: 30_000,
      maxAckPending: 1_000,
    },
    // A message holds up to 256 KiB of facts.
    capacity: 100,
  })
  async project(message: BusMessage): Promise<Outcome> {
    await this.projector.project(message);
    return done;
  }
}
