import { Injectable } from '@nestjs/common';
import { Bus, NoDispatcherError, TestTooLateError, type OwedDelivery, type TestAnswer } from '#bus';
import {
  awaitsProof,
  deliveryIdOf,
  jsonMembers,
  newId,
  WebhookNotFound,
  type AttemptRecord,
  type TenantId,
} from '#domain';
import { DataSource, findWebhook } from '#persistence';
import { found } from '../http/found.js';
import { sampleData } from './sample-data.js';
import type { WebhookTest } from './test-schemas.js';
import { notProven } from '../webhooks/prove-ownership.js';
import { noDispatcher } from '../problems/no-dispatcher.js';
import { invalidRequest, Problem } from '../problems/problem.js';

/** What a fact of the journal can hold whatever the text has in it. */
const MOST_BYTES = 256 * 1024;
/** Beyond the webhook's own timeout: for the way there and back, and for a dispatcher that is busy. */
const MARGIN_MS = 3_000;
/** For the webhook's transform, whose time is none of the webhook's timeout: the longest there is, and its turn. */
const TRANSFORM_MS = 15_000;
const NOT_PROVEN = 'The receiver has not agreed to get events yet; POST /webhooks/{id}/verify asks it.';

/** Has a webhook tried out: one attempt, made now, whatever the webhook's status and pace. */
@Injectable()
export class TryWebhook {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
  ) {}

  /**
   * @param text the request's body, from which data and metadata are taken as they came
   * @returns the attempt, which is on record as a delivery of its own
   * @throws Problem 404, 422; 503 when no dispatcher takes it, 504 when none answers in time
   */
  async attempt(
    tenant: TenantId,
    id: string,
    { event_type, metadata: given }: WebhookTest,
    text: string,
  ): Promise<{ owed: OwedDelivery; attempt: AttemptRecord }> {
    const row = await findWebhook(this.database, tenant, id);
    const webhook = found(row, () => new WebhookNotFound(id));
    if (awaitsProof(webhook)) throw notProven(NOT_PROVEN);
    const members = text === '' ? new Map<string, string>() : jsonMembers(text);
    const data = Buffer.from(members.get('data') ?? (await sampleData(this.database, tenant, event_type)));
    const metadata = given ? members.get('metadata') : undefined;
    if (data.length > MOST_BYTES)
      throw invalidRequest([{ path: 'data', message: 'must have at most 256 KiB' }]);
    if (metadata !== undefined && data.length + Buffer.byteLength(metadata) > MOST_BYTES)
      throw invalidRequest([{ path: 'metadata', message: 'must have at most 256 KiB together with data' }]);
    const owed = { ...owedTest(tenant, id, event_type), metadata };
    const transformMs = webhook.transform === null ? 0 : TRANSFORM_MS;
    const answer = await this.ask(owed, data, webhook.timeout_seconds * 1_000 + transformMs + MARGIN_MS);
    if ('attempt' in answer) return { owed, attempt: answer.attempt };
    if (answer.refused === 'ownership_not_proven') throw notProven(NOT_PROVEN);
    if (answer.refused === 'webhook_unknown') throw new WebhookNotFound(id);
    throw noDispatcher(`No dispatcher could make the attempt: ${answer.refused}.`);
  }

  private async ask(owed: OwedDelivery, data: Buffer, withinMs: number): Promise<TestAnswer> {
    try {
      return await this.bus.testAttempts.request(owed, data, withinMs);
    } catch (error) {
      if (error instanceof NoDispatcherError) throw noDispatcher('No dispatcher runs.');
      if (!(error instanceof TestTooLateError)) throw error;
      throw new Problem('attempt_not_answered', {
        detail: `No dispatcher answered within ${withinMs / 1_000} s. The attempt may have been made; if so, the delivery ${owed.delivery} shows it.`,
        evidence: { delivery_id: owed.delivery },
      });
    }
  }
}

function owedTest(tenant: TenantId, webhook: string, event_type: string): OwedDelivery {
  const now = Date.now();
  const event = newId('evt', now);
  return {
    delivery: deliveryIdOf(event, webhook, now),
    ...{ tenant, event, event_type, webhook },
    timestamp: new Date(now).toISOString(),
    created_at: now,
    owed_at: now,
    attempt: 1,
    trigger: 'test',
    // It lies in no stream: what is sent is all there is.
    sequence: 0,
    by_reference: false,
  };
}
