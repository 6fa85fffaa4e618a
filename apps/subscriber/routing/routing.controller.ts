import { Controller } from '@nestjs/common';
import { Consume, EVENTS, ROUTING, type BusMessage, type Outcome } from '#bus';
import { Router } from './router.js';

/** Events that all subscribers together may have under way. */
const MAX_ACK_PENDING = 4_000;

@Controller()
export class RoutingController {
  constructor(private readonly router: Router) {}

  @Consume({
    plan: {
      stream: EVENTS,
      durable: ROUTING,
      filter: 'events.>',
      ackWaitMs: 30_000,
      maxAckPending: MAX_ACK_PENDING,
    },
    capacity: 500,
  })
  route(message: BusMessage): Promise<Outcome> {
    return this.router.route(message);
  }
}
