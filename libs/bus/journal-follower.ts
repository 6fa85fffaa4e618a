import { randomUUID } from 'node:crypto';
import { DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { Fact } from '#domain';
import type { Wires } from './connection.js';
import { readFacts } from './journal-writer.js';
import { JOURNAL } from './subjects.js';

/** A message of JOURNAL: what somebody wrote in one go. */
export interface JournalMessage {
  /** In JOURNAL. */
  sequence: number;
  /** When JetStream stored it, milliseconds since 1970. */
  storedAt: number;
  facts: Fact[];
}

const PULLED_AT_ONCE = 100;
/** The server forgets a follower that is gone for so long. */
const FORGOTTEN_AFTER_NS = 30_000_000_000;

/**
 * Reads JOURNAL along without acknowledging anything: each follower sees all
 * there is, in order, from where it wants to begin.
 */
export class JournalFollower {
  private messages: ConsumerMessages | undefined;
  private stopped = false;

  /** @param name of who follows; the server shows it */
  constructor(
    private readonly wires: Wires,
    private readonly name: string,
  ) {}

  /** What JOURNAL holds now, and when the first of it was stored (milliseconds since 1970). @throws when NATS cannot be asked */
  async bounds(): Promise<{ first: number; last: number; firstAt: number }> {
    const { state } = await this.wires.manager.streams.info(JOURNAL);
    return { first: state.first_seq, last: state.last_seq, firstAt: Date.parse(state.first_ts) };
  }

  /**
   * Hands out messages, the first one being that at `from` or the next there is,
   * until it is stopped. What is not read for a while waits in the stream.
   * @param handle told of each, one after the other; its throwing ends the following
   * @throws when NATS cannot be asked; (later, from `ended`) what `handle` threw
   */
  async follow(
    from: number,
    handle: (message: JournalMessage) => unknown,
  ): Promise<{ ended: Promise<void> }> {
    const consumer = await this.wires.jetstream.consumers.get(JOURNAL, {
      // Of this follower alone: the client numbers the consumers that it makes for it.
      name_prefix: `${this.name}-${randomUUID()}`,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      inactive_threshold: FORGOTTEN_AFTER_NS,
    });
    const messages = await consumer.consume({ max_messages: PULLED_AT_ONCE });
    this.messages = messages;
    if (this.stopped) messages.stop();
    return { ended: this.read(messages, handle) };
  }

  stop(): void {
    this.stopped = true;
    this.messages?.stop();
  }

  private async read(
    messages: ConsumerMessages,
    handle: (message: JournalMessage) => unknown,
  ): Promise<void> {
    try {
      for await (const message of messages) {
        if (this.stopped) break;
        const handled = handle(readMessage(message));
        // Nothing is awaited where there is nothing to wait for.
        if (handled instanceof Promise) await handled;
      }
    } finally {
      messages.stop();
    }
  }
}

function readMessage(message: JsMsg): JournalMessage {
  return {
    sequence: message.seq,
    storedAt: Math.floor(message.info.timestampNanos / 1_000_000),
    facts: readFacts(message.data),
  };
}
