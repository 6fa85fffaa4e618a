import type { JsMsg } from '@nats-io/jetstream';
import type { EventMessage } from '#domain';
import { firstValue } from './event-store.js';
import { parseEventSubject } from './subjects.js';

/** A message that a consumer was handed, without the means to acknowledge it: that is the consumer's to do. */
export class BusMessage {
  constructor(private readonly message: JsMsg) {}

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

  /** It was handed out before, and whoever had it did not acknowledge it. */
  get redelivered(): boolean {
    return this.message.redelivered;
  }

  header(name: string): string | undefined {
    return firstValue(this.message.headers, name);
  }

  /** The message as one of the stream EVENTS; undefined when its subject names no tenant or type. */
  asEvent(): EventMessage | undefined {
    const place = parseEventSubject(this.subject);
    if (!place) return undefined;
    return {
      ...place,
      header: (name) => this.header(name),
      headerNames: () => this.message.headers?.keys() ?? [],
      payload: this.payload,
      sequence: this.sequence,
      storedAt: this.storedAt,
    };
  }
}
