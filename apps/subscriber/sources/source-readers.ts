import { SOURCE_PREFIX, type Bus, type Consumer } from '#bus';
import type { EventSource } from '#domain';
import type { Router } from '../routing/router.js';

/** Messages of one source that all subscribers together may have under way, and that one of them holds. */
const MAX_ACK_PENDING = 1_000;
const CAPACITY = 200;
const ACK_WAIT_MS = 30_000;

/** Reads the streams that are bound as sources: one durable consumer each, which all replicas share. */
export class SourceReaders {
  private constructor(private readonly consumers: Consumer[]) {}

  /**
   * Begins to read every source.
   * @throws Error in one sentence when a stream is not there, or does not let itself be read so
   */
  static async start(
    bus: Bus,
    sources: readonly EventSource[],
    router: Router,
    report: (problem: string, error: unknown) => void,
  ): Promise<SourceReaders> {
    const readers = new SourceReaders([]);
    try {
      for (const source of sources) readers.consumers.push(await begin(bus, source, router, report));
    } catch (error) {
      await readers.drain(0);
      throw error;
    }
    return readers;
  }

  /** Stops reading; finishes what is held or hands it back when the time is over. */
  async drain(withinMs: number): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.drain(withinMs)));
  }
}

async function begin(
  bus: Bus,
  source: EventSource,
  router: Router,
  report: (problem: string, error: unknown) => void,
): Promise<Consumer> {
  const { name, stream } = source;
  if (!(await bus.hasStream(stream)))
    throw new Error(`The source ${name} reads the stream ${stream}, but NATS has no such stream.`);
  const consumer = bus.consumer({
    plan: {
      stream,
      durable: `${SOURCE_PREFIX}${name}`,
      filter: source.filter_subjects,
      start: source.start,
      ackWaitMs: ACK_WAIT_MS,
      maxAckPending: MAX_ACK_PENDING,
    },
    capacity: CAPACITY,
    handle: (message) => router.route(message, source),
    report: (problem, error) => report(`source ${name}: ${problem}`, error),
  });
  try {
    await consumer.start();
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`The source ${name} cannot read the stream ${stream}: ${reason}.`, { cause: error });
  }
  return consumer;
}
