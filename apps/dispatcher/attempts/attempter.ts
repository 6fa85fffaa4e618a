import { newId, type AttemptErrorKind, type AttemptRecord } from '#domain';
import type { OwedDelivery } from '#bus';
import { OutboundRequest, type EgressClient, type Exchanged } from '#egress';
import { renderStandard } from '#payload';
import { signStandard } from '#signing';
import type { ReadyWebhook } from '../webhooks/webhook-directory.js';

/** How much of a request's body the record keeps, in bytes. */
const KEPT_BODY_BYTES = 16 * 1024;

/** Makes one attempt: renders, signs, sends, and tells what happened. */
export class Attempter {
  constructor(
    private readonly client: EgressClient,
    private readonly userAgent: string,
  ) {}

  /** Never throws: what goes wrong is part of the attempt. */
  async attempt(ready: ReadyWebhook, owed: OwedDelivery, data: Uint8Array): Promise<AttemptRecord> {
    const startedAt = Date.now();
    const begun = performance.now();
    const body = renderStandard(owed.event_type, owed.timestamp, data);
    const request = {
      method: 'POST',
      url: ready.webhook.url,
      headers: this.headers(ready, owed, body, Math.floor(startedAt / 1000)),
    };
    const exchanged = await this.exchange(ready, request, body);
    return {
      id: newId('att', startedAt),
      number: owed.attempt,
      trigger: owed.trigger,
      started_at: startedAt,
      duration_ms: Math.round(performance.now() - begun),
      request: { ...request, body: keptText(body) },
      ...('answer' in exchanged
        ? { response: exchanged.answer, error: httpError(exchanged.answer.status) }
        : { response: null, error: exchanged.failure }),
    };
  }

  private exchange(
    ready: ReadyWebhook,
    request: Omit<AttemptRecord['request'], 'body'>,
    body: Buffer,
  ): Promise<Exchanged> {
    if (ready.keys.length === 0) {
      const message = 'The signing secret cannot be opened with the configured encryption keys.';
      return Promise.resolve({ failure: { kind: 'internal', message } });
    }
    const timeoutMs = ready.webhook.timeout_seconds * 1000;
    return this.client.send(
      new OutboundRequest(request.method, request.url, request.headers, body, timeoutMs),
    );
  }

  private headers(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    body: Buffer,
    timestamp: number,
  ): Record<string, string> {
    return {
      'Content-Type': 'application/json',
      'User-Agent': this.userAgent,
      'Accept-Encoding': 'identity',
      'webhook-id': owed.event,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signStandard(ready.keys, owed.event, timestamp, body),
      'X-Tidings-Delivery-Id': owed.delivery,
      'X-Tidings-Attempt': String(owed.attempt),
    };
  }
}

function httpError(status: number): { kind: AttemptErrorKind; message: string } | null {
  if (status >= 200 && status < 300) return null;
  return { kind: 'http_status', message: `The receiver answered ${status}.` };
}

function keptText(body: Buffer): string {
  return body.length <= KEPT_BODY_BYTES ? body.toString() : body.toString('utf8', 0, KEPT_BODY_BYTES);
}
