import type { JsMsg } from '@nats-io/jetstream';
import { placeBySource, type EventMessage, type EventSource } from '#domain';
import { firstValue } from './event-store.js';
import { isTenantId, parseEventSubject } from './subjects.js';

/** A message that a consumer was handed, without the means to acknowledge it: that is the consumer's to do. */
export class BusMessage {
  private parked: (() => void) | undefined;
  private given = false;

  /** @param redelivered it was handed out before, and whoever had it did not acknowledge it */
  constructor(
    private readonly message: JsMsg,
    readonly redelivered = message.redelivered,
  ) {}

  /** Says that its handler needs long for it: it no longer takes a place of the consumer's capacity. */
  park(): void {
    this.parked?.();
  }

  /** Whether it was handed back meanwhile, and is someone else's now: whatever its handler does comes too late. */
  get isHandedBack(): boolean {
    return this.given;
  }

  /** @internal for the consumer */
  onParked(parked: () => void): void {
    this.parked = parked;
  }

  /** @internal for the consumer */
  handBack(): void {
    this.given = true;
  }

  get subject(): string {
    return this.message.subject;
  }

  get payload(): Uint8Array {
    return this.message.data;
  }

  /** Its place in the stream. */
  get sequence(): number {
    return this.message.seq;
  }

  /** When JetStream stored it, milliseconds since 1970. */
  get storedAt(): number {
    return Math.floor(this.message.info.timestampNanos / 1e6);
  }

  header(name: string): string | undefined {
    return firstValue(this.message.headers, name);
  }

  /**
   * The message as an event of the stream EVENTS, or of a source.
   * @returns undefined when it names no tenant or no type
   */
  asEvent(source?: EventSource): EventMessage | undefined {
    const place = source
      ? placeBySource(source, this.subject, (name) => this.header(name))
      : parseEventSubject(this.subject);
    if (!place || !isTenantId(place.tenant)) return undefined;
    return {
      ...place,
      header: (name) => this.header(name),
      headerNames: () => this.message.headers?.keys() ?? [],
      payload: this.payload,
      stream: source?.stream,
      sequence: this.sequence,
      storedAt: this.storedAt,
    };
  }
}
