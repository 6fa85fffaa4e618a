import type { Wires } from './connection.js';
import { EVENTS } from './subjects.js';

/** The durable consumer that routing reads EVENTS through. */
export const ROUTING = 'routing';
/** How the durable consumers of sources begin, each on the stream that it reads. */
export const SOURCE_PREFIX = 'tidings-';

export interface RoutingFloor {
  /** Everything up to this sequence is routed. */
  floor: number;
  /** The last sequence that there is: what is said to lie beyond it is of an earlier life of the stream. */
  last: number;
}

/**
 * Up to where routing is through. Several subscribers route at once, so what
 * they publish is in no order; but an event is acknowledged only when all that
 * it owes is stored, and so everything up to the floor is.
 */
export class RoutingFloors {
  private readonly asking = new Map<string, Promise<RoutingFloor>>();

  constructor(private readonly wires: Wires) {}

  /**
   * Asked once for all who ask at the same time.
   * @param stream EVENTS when left out
   * @throws when NATS cannot be asked
   */
  read(stream: string = EVENTS): Promise<RoutingFloor> {
    const known = this.asking.get(stream);
    if (known) return known;
    const asked = this.ask(stream).finally(() => this.asking.delete(stream));
    this.asking.set(stream, asked);
    return asked;
  }

  private async ask(stream: string): Promise<RoutingFloor> {
    const { consumers, streams } = this.wires.manager;
    let floor = Number.MAX_SAFE_INTEGER;
    if (stream === EVENTS) floor = (await consumers.info(EVENTS, ROUTING)).ack_floor.stream_seq;
    else
      for await (const info of consumers.list(stream))
        if (info.name.startsWith(SOURCE_PREFIX)) floor = Math.min(floor, info.ack_floor.stream_seq);
    const { state } = await streams.info(stream);
    return { floor, last: state.last_seq };
  }
}
