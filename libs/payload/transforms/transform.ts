import type { ConsoleLine, WebhookMethod } from '#domain';
export type { ConsoleLine } from '#domain';
import type { PayloadEvent } from '../payload-event.js';

/** What a transform gets: the event, and the request that would be made. */
export interface TransformInput extends PayloadEvent {
  method: WebhookMethod;
  /** The webhook's path and query. */
  path: string;
}

/** What a transform wants of a request; what it did not touch is null. */
export interface WantedRequest {
  /** The event as it changed it, to be rendered by the webhook's format. */
  event: Pick<PayloadEvent, 'type' | 'timestamp' | 'data' | 'metadata'> | null;
  /** JSON text that is the whole body; it goes before `event` and past the format. */
  body: Buffer | null;
  /** Extra headers. */
  headers: Record<string, string>;
  method: WebhookMethod | null;
  /** Path and query on the webhook's own origin; begins with `/`. */
  path: string | null;
}

export type TransformOutcome =
  | { kind: 'request'; wanted: WantedRequest }
  /** It returned null: nothing is to be sent. */
  | { kind: 'dropped' }
  /**
   * It threw, took too long or too much, or returned what cannot be sent; in a sentence for the record.
   * `busy`: it was not run at all, for too much waits for the sandbox.
   */
  | { kind: 'failed'; message: string; busy?: boolean };

export interface TransformRun {
  outcome: TransformOutcome;
  console: ConsoleLine[];
  /** Of a processor, in the sandbox; where the process died, of the clock. */
  duration_ms: number;
}

/** Where transforms run. */
export interface Transformer {
  /**
   * Runs a transform once. Never throws: what goes wrong is its outcome.
   * @param webhook whose it is: one webhook's trouble does not keep others waiting
   */
  run: (webhook: string, code: string, input: TransformInput) => Promise<TransformRun>;
}
