import { Bus, DELIVERIES, done, type Consumer, type Preview } from '../../libs/bus/index.js';
import { TOPOLOGY } from '../../libs/testing/index.js';

const REQUEST = { method: 'POST', url: 'https://example.com/', headers: {}, body: '' };
const PREVIEW: Preview = {
  request: REQUEST,
  ...{ truncated: false, before: null, dropped: false, error: null, console: null, transform_ms: null },
};

/** Takes all that is ready, for jobs wait when nobody does, and says of every test that it was answered. */
export class StandInDispatcher {
  private constructor(
    private readonly bus: Bus,
    private readonly consumer: Consumer,
  ) {}

  static async start(natsUrl: string): Promise<StandInDispatcher> {
    const bus = await Bus.open({ url: natsUrl, name: 'fuzz' }, TOPOLOGY);
    bus.testAttempts.serve(({ attempt: number, trigger }) =>
      Promise.resolve({
        attempt: {
          id: 'att_of_the_fuzz',
          number,
          trigger,
          started_at: Date.now(),
          duration_ms: 1,
          request: REQUEST,
          response: { status: 204, headers: {}, body: '', truncated: false },
          error: null,
        },
      }),
    );
    bus.previews.serve(() => Promise.resolve({ preview: PREVIEW }));
    const consumer = bus.consumer({
      plan: {
        stream: DELIVERIES,
        durable: 'fuzz',
        filter: 'deliveries.ready.>',
        ackWaitMs: 30_000,
        maxAckPending: 5_000,
      },
      capacity: 1_000,
      handle: () => Promise.resolve(done),
      report: () => undefined,
    });
    await consumer.start();
    return new StandInDispatcher(bus, consumer);
  }

  async stop(): Promise<void> {
    await this.consumer.drain(1_000);
    await this.bus.close();
  }
}
