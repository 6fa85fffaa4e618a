import type { Agreement, TenantId, WebhookId } from '#domain';
import { AskDispatchers, type Unanswered } from './ask-dispatchers.js';
import type { Wires } from './connection.js';

const SUBJECT = 'tidings.ownership-checks';

/** Which webhook's receiver is to be asked. */
export interface OwnershipQuestion {
  tenant: TenantId;
  webhook: WebhookId;
  /** The data plane must know the webhook at this version or a later one. */
  version: number;
}

/**
 * What came of it. What the receiver is told apart by is coarse, so that the
 * answer says nothing about a network that somebody points a URL into.
 */
export type OwnershipAnswer =
  | { agreed: Agreement }
  | { refused: 'webhook_unknown' }
  | { refused: 'no_answer' | 'not_agreed'; detail: string }
  | Unanswered;

/** Receivers are asked by dispatchers alone: nobody else talks to the outside. */
export class OwnershipChecks {
  private readonly dispatchers: AskDispatchers<OwnershipAnswer>;

  constructor(wires: Wires) {
    this.dispatchers = new AskDispatchers(wires, SUBJECT);
  }

  /** @throws NoDispatcherError, TestTooLateError; BusUnreachableError when NATS shows no sign of life */
  async request(question: OwnershipQuestion, withinMs: number): Promise<OwnershipAnswer> {
    return this.dispatchers.request(Buffer.from(JSON.stringify(question)), withinMs);
  }

  /** @returns what ends it, as AskDispatchers has it */
  serve(
    handle: (question: OwnershipQuestion) => Promise<OwnershipAnswer>,
  ): (withinMs?: number) => Promise<void> {
    return this.dispatchers.serve((question) =>
      handle(JSON.parse(Buffer.from(question).toString()) as OwnershipQuestion),
    );
  }
}
