import type { WebhookId } from '../ids.js';
import type { Fault } from '../fault.js';

/** A request that cannot be granted as things are; the fields carry the evidence. */
export abstract class WebhookError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class WebhookNotFound extends WebhookError {
  constructor(readonly webhook: WebhookId) {
    super(`There is no webhook ${webhook}.`);
  }
}

export class WebhookVersionConflict extends WebhookError {
  constructor(
    readonly webhook: WebhookId,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The webhook ${webhook} is at version ${actual}, but version ${expected} was expected.`);
  }
}

export class WebhookNameTaken extends WebhookError {
  constructor(readonly webhookName: string) {
    super(`Another webhook has the name "${webhookName}" already.`);
  }
}

export class WebhookExists extends WebhookError {
  constructor(readonly webhook: WebhookId) {
    super(`The id ${webhook} was used before.`);
  }
}

/** The webhook does not list this pattern among its event types. */
export class WebhookNotSubscribed extends WebhookError {
  constructor(
    readonly webhook: WebhookId,
    readonly pattern: string,
  ) {
    super(`The webhook ${webhook} does not list the event type ${pattern}.`);
  }
}

export class WebhookInvalid extends WebhookError {
  constructor(readonly faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
  }
}
