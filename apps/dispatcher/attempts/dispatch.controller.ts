import { Controller } from '@nestjs/common';
import { Consume, DELIVERIES, type BusMessage, type Outcome } from '#bus';
import { Dispatcher } from './dispatcher.js';

@Controller()
export class DispatchController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Consume({
    plan: {
      stream: DELIVERIES,
      durable: 'dispatch',
      filter: 'deliveries.ready.>',
      // A dead dispatcher's deliveries are someone else's after this; a living one's are kept by its signs of life.
      ackWaitMs: 15_000,
      maxAckPending: 20_000,
    },
    capacity: 256,
  })
  dispatch(message: BusMessage): Promise<Outcome> {
    return this.dispatcher.dispatch(message);
  }
}
