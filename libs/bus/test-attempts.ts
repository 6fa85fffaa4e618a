import type { AttemptRecord } from '#domain';
import { AskDispatchers, type Unanswered } from './ask-dispatchers.js';
import type { Wires } from './connection.js';
import { decodeOwed, encodeOwed, type OwedDelivery } from './owed-delivery.js';

const SUBJECT = 'tidings.test-attempts';

export type TestAnswer =
  { attempt: AttemptRecord } | { refused: 'webhook_unknown' | 'ownership_not_proven' } | Unanswered;

/** Attempts that somebody waits for: asked of the dispatchers directly, and answered with the attempt. */
export class TestAttempts {
  private readonly dispatchers: AskDispatchers<TestAnswer>;

  constructor(wires: Wires) {
    this.dispatchers = new AskDispatchers(wires, SUBJECT);
  }

  /**
   * Has one dispatcher make an attempt now.
   * @param data the payload's JSON text
   * @throws NoDispatcherError, TestTooLateError; BusUnreachableError when NATS shows no sign of life
   */
  async request(owed: OwedDelivery, data: Uint8Array, withinMs: number): Promise<TestAnswer> {
    return this.dispatchers.request(encodeOwed(owed, data), withinMs);
  }

  /**
   * Answers requests, each by one of all who serve.
   * @param handle makes the attempt
   * @returns what ends it, as AskDispatchers has it
   */
  serve(
    handle: (owed: OwedDelivery, data: Buffer) => Promise<TestAnswer>,
  ): (withinMs?: number) => Promise<void> {
    return this.dispatchers.serve((question) => {
      const { owed, data } = decodeOwed(question);
      return handle(owed, data);
    });
  }
}
