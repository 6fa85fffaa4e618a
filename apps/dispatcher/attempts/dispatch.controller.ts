import { Controller } from '@nestjs/common';
import { ConsumePartitions, DELIVERIES, type BusMessage, type Outcome } from '#bus';
import { Dispatcher } from './dispatcher.js';

@Controller()
export class DispatchController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @ConsumePartitions({
    name: 'ready',
    partitioned: (partition) => ({
      stream: DELIVERIES,
      durable: `ready-${partition}`,
      filter: `deliveries.ready.${partition}.*`,
      // A dead dispatcher's deliveries are its successor's at once; this is for what nobody took over.
      ackWaitMs: 15_000,
      maxAckPending: 20_000,
      inMemory: true,
    }),
    // Those apart that have their turn.
    capacity: 32,
  })
  dispatch(message: BusMessage): Promise<Outcome> {
    return this.dispatcher.dispatch(message);
  }
}
