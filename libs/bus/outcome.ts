import type { JsMsg } from '@nats-io/jetstream';

/** What a handler says of a message when it is through with it. */
export type Outcome =
  | { kind: 'done' }
  /** Could not be done now: hand it out again, to anyone. */
  | { kind: 'again'; afterMs: number }
  /** Can never be done; the reason stays with the server's advisory. */
  | { kind: 'hopeless'; reason: string };

export const done: Outcome = { kind: 'done' };

/** Longer delays would hold places of max_ack_pending; whatever waits longer is scheduled instead. */
const MAX_AGAIN_MS = 5_000;

export function again(afterMs = 1_000): Outcome {
  return { kind: 'again', afterMs: Math.min(afterMs, MAX_AGAIN_MS) };
}

export function hopeless(reason: string): Outcome {
  return { kind: 'hopeless', reason };
}

/** The one place where an outcome becomes an acknowledgement. */
export function settle(message: JsMsg, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'done':
      return message.ack();
    case 'again':
      return message.nak(outcome.afterMs);
    case 'hopeless':
      return message.term(outcome.reason);
  }
}
