import type { AttemptRecord, ConsoleLine, PayloadFormat } from '#domain';
import { AskDispatchers, type Unanswered } from './ask-dispatchers.js';
import type { Wires } from './connection.js';
import type { OwedDelivery } from './owed-delivery.js';

const SUBJECT = 'tidings.previews';
const NEWLINE = 10;

/** What somebody wants to see before anything is sent. */
export interface PreviewQuestion {
  /** The delivery as it would be owed. */
  owed: OwedDelivery;
  /** The webhook as it was saved last, by the ledger's version; who knows an older one says `webhook_unknown`. */
  version?: number | undefined;
  /** Taken instead of the webhook's own, where they are there. */
  format?: PayloadFormat | undefined;
  transform?: string | null | undefined;
  /** No webhook is asked about: format and transform are, for a receiver that there is not. */
  draft: boolean;
}

export interface Preview {
  /** What would be sent, secrets masked as in the record; null when nothing would be. */
  request: AttemptRecord['request'] | null;
  /** Whether the body shown is only the beginning. */
  truncated: boolean;
  /** What it would be without the transform; null when there is none. */
  before: AttemptRecord['request'] | null;
  dropped: boolean;
  error: AttemptRecord['error'];
  console: ConsoleLine[] | null;
  /** How long the transform ran, in milliseconds; null when there is none. */
  transform_ms: number | null;
}

export type PreviewAnswer = { preview: Preview } | { refused: 'webhook_unknown' } | Unanswered;

/** What a request would be: asked of the dispatchers, who make requests and hold what they are made with. */
export class Previews {
  private readonly dispatchers: AskDispatchers<PreviewAnswer>;

  constructor(wires: Wires) {
    this.dispatchers = new AskDispatchers(wires, SUBJECT);
  }

  /**
   * @param data the payload's JSON text
   * @throws NoDispatcherError, TestTooLateError; BusUnreachableError when NATS shows no sign of life
   */
  async request(question: PreviewQuestion, data: Uint8Array, withinMs: number): Promise<PreviewAnswer> {
    const head = Buffer.from(`${JSON.stringify(question)}\n`);
    return this.dispatchers.request(Buffer.concat([head, data]), withinMs);
  }

  /** @returns what ends it, as AskDispatchers has it */
  serve(
    handle: (question: PreviewQuestion, data: Buffer) => Promise<PreviewAnswer>,
  ): (withinMs?: number) => Promise<void> {
    return this.dispatchers.serve((bytes) => {
      const asked = Buffer.from(bytes);
      const end = asked.indexOf(NEWLINE);
      const question = JSON.parse(asked.toString('utf8', 0, end)) as PreviewQuestion;
      return handle(question, asked.subarray(end + 1));
    });
  }
}
