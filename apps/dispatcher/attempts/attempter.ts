import { awaitsProof, newId, type AttemptErrorKind, type AttemptRecord, type RoutedWebhook } from '#domain';
import type { OwedDelivery } from '#bus';
import { OutboundRequest, type Answer, type EgressClient, type Exchanged } from '#egress';
import { renderStandard } from '#payload';
import { maskAnswer } from '../credentials/mask-answer.js';
import { sendWithToken } from '../credentials/send-with-token.js';
import { notYetSendable } from './not-yet-sendable.js';
import { bodySignature, type ExtraHeaders, type ReadyWebhook } from '../webhooks/ready-webhook.js';

/** How much of a request's body the record keeps, in bytes. */
const KEPT_BODY_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** Makes one attempt: renders, signs, sends, and tells what happened; no secret is in what it tells. */
export class Attempter {
  constructor(
    private readonly client: EgressClient,
    private readonly userAgent: string,
  ) {}

  /** Never throws: what goes wrong is part of the attempt. */
  async attempt(ready: ReadyWebhook, owed: OwedDelivery, data: Uint8Array): Promise<AttemptRecord> {
    const startedAt = Date.now();
    const begun = performance.now();
    const made = await this.make(ready, owed, data, startedAt);
    return {
      id: newId('att', startedAt),
      number: owed.attempt,
      trigger: owed.trigger,
      started_at: startedAt,
      duration_ms: Math.round(performance.now() - begun),
      ...made,
    };
  }

  private async make(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    data: Uint8Array,
    startedAt: number,
  ): Promise<Pick<AttemptRecord, 'request' | 'response' | 'error'>> {
    const { method, url } = ready.webhook;
    const message = notYetSendable(ready.webhook) ?? withoutProof(ready.webhook);
    if (message !== undefined)
      return {
        request: { method, url, headers: {}, body: '' },
        response: null,
        error: { kind: 'internal', message },
      };
    // A GET carries nothing: clients and proxies drop or refuse a body there (docs/concepts.md).
    const body = method === 'GET' ? NOTHING : renderStandard(owed.event_type, owed.timestamp, data);
    const own = this.headers(ready, owed, body, startedAt);
    const exchanged = await this.exchange(ready, own, body);
    return {
      request: { method, url, headers: { ...ready.extra?.recorded, ...own }, body: keptText(body) },
      ...('answer' in exchanged
        ? {
            response: kept(exchanged.answer, ready.extra),
            error: httpError(exchanged.answer.status),
          }
        : { response: null, error: exchanged.failure }),
    };
  }

  private exchange(
    { webhook, signer, extra }: ReadyWebhook,
    own: Record<string, string>,
    body: Buffer,
  ): Promise<Exchanged> {
    if (signer === null || extra === null) {
      const what = signer === null ? 'signing secret' : 'credentials';
      const message = `The ${what} cannot be opened with the configured encryption keys.`;
      return Promise.resolve({ failure: { kind: 'internal', message } });
    }
    const headers = { ...extra.sent, ...own };
    const { method, url, timeout_seconds } = webhook;
    const request = new OutboundRequest(method, url, headers, body, timeout_seconds * 1000, extra.identity);
    return extra.tokens ? sendWithToken(this.client, extra.tokens, request) : this.client.send(request);
  }

  private headers(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    body: Buffer,
    startedAt: number,
  ): Record<string, string> {
    const hmac = ready.extra?.hmac;
    const { event: id, delivery, event_type: type } = owed;
    return {
      ...(body === NOTHING ? {} : { 'Content-Type': 'application/json' }),
      ...(hmac ? { [hmac.header]: bodySignature(hmac.key, body) } : {}),
      'User-Agent': this.userAgent,
      'Accept-Encoding': 'identity',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(startedAt / 1000)),
      ...askedFor(ready.webhook.ownership),
      ...ready.signer?.headers({ id, delivery, type, at: startedAt, body }),
      'X-Tidings-Delivery-Id': delivery,
      'X-Tidings-Attempt': String(owed.attempt),
    };
  }
}

/** Who agreed under a name of ours is told it each time (CloudEvents HTTP Webhook 1.0.2, section 4.1.2). */
function askedFor(ownership: RoutedWebhook['ownership']): Record<string, string> {
  return ownership === null || ownership.origin === null
    ? {}
    : { 'WebHook-Request-Origin': ownership.origin };
}

/** Lanes hold what is owed to such a webhook; this holds where a way past them is found. */
function withoutProof(webhook: RoutedWebhook): string | undefined {
  return awaitsProof(webhook) ? 'The receiver has not agreed to get events yet.' : undefined;
}

function httpError(status: number): { kind: AttemptErrorKind; message: string } | null {
  if (status >= 200 && status < 300) return null;
  return { kind: 'http_status', message: `The receiver answered ${status}.` };
}

/** Receivers that echo requests repeat the credentials in them. */
function kept(answer: Answer, extra: ExtraHeaders | null): Answer {
  return extra === null || extra.toMask.length === 0 ? answer : maskAnswer(answer, extra.toMask);
}

function keptText(body: Buffer): string {
  return body.length <= KEPT_BODY_BYTES ? body.toString() : body.toString('utf8', 0, KEPT_BODY_BYTES);
}
