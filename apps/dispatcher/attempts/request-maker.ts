import type { OwedDelivery } from '#bus';
import {
  authHeader,
  definitionOf,
  type AttemptRecord,
  type ConsoleLine,
  type RoutedWebhook,
  type WebhookMethod,
} from '#domain';
import { OutboundRequest } from '#egress';
import {
  RenderError,
  type PayloadEvent,
  type RenderedPayload,
  type Transformer,
  type TransformRun,
  type WantedRequest,
} from '#payload';
import { bodySignature, type ReadyWebhook } from '../webhooks/ready-webhook.js';
import { carryTrace } from './carry-trace.js';

/** The payload of an event, as JSON texts. */
export interface Payload {
  data: Uint8Array;
  metadata: string | null;
}

type Recorded = AttemptRecord['request'];

/**
 * What came of making a request:
 * - `made`: it can be sent, as it is
 * - `dropped`: the webhook's transform wants nothing sent
 * - `failed`: it could not be made
 */
export type Making = { console?: ConsoleLine[]; transform_ms?: number } & (
  | { kind: 'made'; outbound: OutboundRequest; recorded: Recorded }
  | { kind: 'dropped'; recorded: Recorded }
  | {
      kind: 'failed';
      recorded: Recorded;
      error: NonNullable<AttemptRecord['error']>;
      /** Whether it is the transform's own fault. */
      byTransform: boolean;
    }
);

/** How much of a request's body the record keeps, in bytes. */
const KEPT_BODY_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);
const NONE: Readonly<Record<string, string>> = {};

const UNTOUCHED: WantedRequest = { event: null, body: null, headers: {}, method: null, path: null };

/**
 * Makes the request of an attempt: transforms, renders, signs; and says what
 * the record shows of it, no secret among it. What is previewed is made here
 * too, so that it is what would be sent.
 */
export class RequestMaker {
  constructor(
    private readonly userAgent: string,
    private readonly transformer: Transformer,
  ) {}

  /**
   * Never throws: what goes wrong is what came of it. At once for a webhook without a transform.
   * @param startedAt when the attempt began, milliseconds since 1970
   */
  make(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    payload: Payload,
    startedAt: number,
  ): Making | Promise<Making> {
    const event = payloadEventOf(ready.webhook, owed, payload);
    return ready.webhook.transform === null
      ? this.request(ready, owed, event, UNTOUCHED, startedAt)
      : this.transformed(ready, owed, event, ready.webhook.transform);
  }

  private async transformed(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    event: PayloadEvent,
    code: string,
  ): Promise<Making> {
    const { id, method, url } = ready.webhook;
    const run = await this.transformer.run(id, code, { ...event, method, path: pathOf(url) });
    // Receivers look how old a signature is, and this one may have waited for the sandbox.
    const { console, duration_ms: transform_ms } = run;
    return { ...this.afterTransform(ready, owed, event, run, Date.now()), console, transform_ms };
  }

  private afterTransform(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    event: PayloadEvent,
    { outcome }: TransformRun,
    startedAt: number,
  ): Making {
    switch (outcome.kind) {
      case 'dropped':
        return { kind: 'dropped', recorded: nothingSent(ready.webhook) };
      case 'failed': {
        const error = { kind: 'transform', message: outcome.message } as const;
        return {
          kind: 'failed',
          recorded: nothingSent(ready.webhook),
          error,
          byTransform: outcome.busy !== true,
        };
      }
      case 'request': {
        const { wanted } = outcome;
        return this.request(ready, owed, { ...event, ...wanted.event }, wanted, startedAt);
      }
    }
  }

  private request(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    event: PayloadEvent,
    wanted: WantedRequest,
    at: number,
  ): Making {
    const { webhook, signer, extra } = ready;
    const rendered = render(ready, event, wanted);
    if ('kind' in rendered)
      return { kind: 'failed', recorded: nothingSent(webhook), error: rendered, byTransform: false };
    const method = wanted.method ?? webhook.method;
    const url = wanted.path === null ? webhook.url : new URL(wanted.path, webhook.url).href;
    // A GET carries nothing: clients and proxies drop or refuse a body there (docs/concepts.md).
    const body = method === 'GET' ? NOTHING : rendered.body;
    const own = this.headers(ready, owed, event.type, rendered.headers, body, at);
    // Those of the format the webhook's give way to already: see readyWebhook.
    const before = wanted === UNTOUCHED ? NONE : rendered.headers;
    const recorded = {
      ...{ method, url, body: keptText(body) },
      headers: { ...without(extra?.recorded ?? NONE, before), ...own },
    };
    if (signer === null || extra === null) {
      const what = signer === null ? 'signing secret' : 'credentials';
      const message = `The ${what} cannot be opened with the configured encryption keys.`;
      return { kind: 'failed', recorded, error: { kind: 'internal', message }, byTransform: false };
    }
    const headers = { ...without(extra.sent, before), ...own };
    if (owed.trace) carryTrace(owed.trace, headers, recorded.headers);
    const deadlineMs = webhook.timeout_seconds * 1000;
    const outbound = new OutboundRequest(method, url, headers, body, deadlineMs, extra.identity);
    return { kind: 'made', outbound, recorded };
  }

  /** The format's headers, over which Tidings' own go: only User-Agent and Content-Type are the format's to say. */
  private headers(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    type: string,
    rendered: RenderedPayload['headers'],
    body: Buffer,
    at: number,
  ): Record<string, string> {
    const hmac = ready.extra?.hmac;
    const { event: id, delivery } = owed;
    const headers: Record<string, string> = {
      'User-Agent': this.userAgent,
      ...rendered,
      ...(hmac ? { [hmac.header]: bodySignature(hmac.key, body) } : {}),
      'Accept-Encoding': 'identity',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      ...askedFor(ready.webhook.ownership),
      ...ready.signer?.headers({ id, delivery, type, at, body }),
      'X-Tidings-Delivery-Id': delivery,
      'X-Tidings-Attempt': String(owed.attempt),
    };
    if (body === NOTHING) delete headers['Content-Type'];
    return headers;
  }
}

/** @param wanted whose body goes past the format, and whose headers go over the format's */
function render(
  { webhook, renderer }: ReadyWebhook,
  event: PayloadEvent,
  wanted: WantedRequest,
): RenderedPayload | NonNullable<AttemptRecord['error']> {
  if (renderer === null) return { kind: 'internal', message: "The webhook's format cannot be read." };
  try {
    const rendered = renderer.render(event);
    return wanted === UNTOUCHED ? rendered : asWanted(rendered, wanted, webhook);
  } catch (error) {
    if (error instanceof RenderError) return { kind: 'transform', message: error.message };
    return { kind: 'internal', message: `The event could not be rendered: ${String(error)}` };
  }
}

function asWanted(
  rendered: RenderedPayload,
  { headers, body }: WantedRequest,
  { auth, format }: RoutedWebhook,
): RenderedPayload {
  const { signature } = definitionOf(format);
  const signed = signature === null || signature.scheme === 'v1a' ? undefined : signature.header;
  // What authenticates a request is the webhook's, not its transform's.
  const taken = [authHeader(auth)?.name, signed].filter((name) => name !== undefined);
  const given = without(headers, Object.fromEntries(taken.map((name) => [name, ''])));
  const merged = { ...without(rendered.headers, given), ...given };
  if (body === null) return { headers: merged, body: rendered.body };
  const isJson = /[/+]json\b/i.test(merged['Content-Type'] ?? '');
  return { headers: isJson ? merged : { ...merged, 'Content-Type': 'application/json' }, body };
}

/** Headers but for those that others take the place of; they are the same in upper and lower case. */
function without(
  headers: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(others);
  if (names.length === 0) return headers;
  const taken = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !taken.has(name.toLowerCase())));
}

function payloadEventOf(
  { id, tenant }: RoutedWebhook,
  owed: OwedDelivery,
  { data, metadata }: Payload,
): PayloadEvent {
  return {
    id: owed.event,
    type: owed.event_type,
    timestamp: owed.timestamp,
    data,
    metadata,
    tenant,
    webhook_id: id,
    delivery_id: owed.delivery,
    attempt: owed.attempt,
  };
}

function nothingSent({ method, url }: { method: WebhookMethod; url: string }): Recorded {
  return { method, url, headers: {}, body: '' };
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** Who agreed under a name of ours is told it each time (CloudEvents HTTP Webhook 1.0.2, section 4.1.2). */
function askedFor(ownership: RoutedWebhook['ownership']): Record<string, string> {
  return ownership === null || ownership.origin === null
    ? {}
    : { 'WebHook-Request-Origin': ownership.origin };
}

function keptText(body: Buffer): string {
  return body.length <= KEPT_BODY_BYTES ? body.toString() : body.toString('utf8', 0, KEPT_BODY_BYTES);
}
