import { Injectable } from '@nestjs/common';
import { Bus, NoDispatcherError, TestTooLateError, type OwnershipAnswer } from '#bus';
import { awaitsProof, decideWebhook, WebhookNotFound, type LiveWebhook, type WebhookId } from '#domain';
import { changeWebhook, DataSource, findWebhook, liveWebhookOf } from '#persistence';
import type { Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { noDispatcher } from '../problems/no-dispatcher.js';
import { Problem } from '../problems/problem.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { kept } from '../relay/told.js';

/** What a dispatcher gives the receiver, and a moment for the way there and back. */
const WITHIN_MS = 13_000;

/**
 * Has the receiver of a webhook asked whether it wants events, and keeps what it
 * says. A process that dies in between leaves the webhook as it was: it can be asked again.
 */
@Injectable()
export class ProveOwnership {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
    private readonly relay: LedgerRelay,
  ) {}

  /**
   * Asks, whether it agreed before or not; one where nobody asks is as it is.
   * @returns the webhook, proven unless its URL changed meanwhile
   * @throws WebhookNotFound; Problem 422 when the receiver does not agree, 503 and 504 without a dispatcher's answer
   */
  async prove(caller: Caller, id: WebhookId): Promise<LiveWebhook> {
    const row = await findWebhook(this.database, caller.tenant, id);
    const webhook = liveWebhookOf(found(row, () => new WebhookNotFound(id)));
    if (webhook.ownership === null) return webhook;
    const answer = await this.ask(webhook);
    if (!('agreed' in answer)) throw problemOf(answer);
    const command = { ...caller, kind: 'prove_ownership' as const, webhook: id, agreement: answer.agreed };
    const change = changeWebhook(this.database, caller.tenant, id, (state) =>
      decideWebhook(state, { ...command, at: Date.now() }),
    );
    return liveWebhookOf(await kept(this.relay, change, `webhook ${id}`));
  }

  /** Asks the receiver of one that was just saved. What comes of it is in the webhook, and nothing fails for it. */
  async tryToProve(caller: Caller, webhook: LiveWebhook): Promise<LiveWebhook> {
    if (!awaitsProof(webhook)) return webhook;
    try {
      return await this.prove(caller, webhook.id);
    } catch {
      return webhook;
    }
  }

  private async ask({ tenant, id, version }: LiveWebhook): Promise<OwnershipAnswer> {
    try {
      return await this.bus.ownershipChecks.request({ tenant, webhook: id, version }, WITHIN_MS);
    } catch (error) {
      if (error instanceof NoDispatcherError) throw noDispatcher('No dispatcher runs.');
      if (!(error instanceof TestTooLateError)) throw error;
      throw new Problem('attempt_not_answered', {
        detail: `No dispatcher answered within ${WITHIN_MS / 1_000} s.`,
      });
    }
  }
}

/** @throws never; the problem of a webhook to which nothing is sent yet */
export function notProven(detail: string): Problem {
  return new Problem('ownership_not_proven', { detail });
}

function problemOf(answer: Exclude<OwnershipAnswer, { agreed: unknown }>): Problem {
  return 'detail' in answer
    ? notProven(answer.detail)
    : noDispatcher(`No dispatcher could ask the receiver: ${answer.refused}.`);
}
