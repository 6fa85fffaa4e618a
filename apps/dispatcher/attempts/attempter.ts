import { awaitsProof, newId, type AttemptErrorKind, type AttemptRecord, type RoutedWebhook } from '#domain';
import type { OwedDelivery } from '#bus';
import type { Answer, EgressClient, OutboundRequest } from '#egress';
import type { Tracing } from '#observability';
import { maskAnswer } from '../credentials/mask-answer.js';
import { sendWithToken } from '../credentials/send-with-token.js';
import type { ExtraHeaders, ReadyWebhook } from '../webhooks/ready-webhook.js';
import { beginAttempt, endAttempt } from './attempt-span.js';
import type { Making, Payload, RequestMaker } from './request-maker.js';

/** An attempt, and what it says of the webhook's transform where there was one to run. */
export interface Attempted {
  attempt: AttemptRecord;
  /** Undefined where it was not run. */
  transform: 'ok' | 'failed' | undefined;
}

type Came = Pick<AttemptRecord, 'request' | 'response' | 'error' | 'console'>;

/** Makes one attempt: has the request made, sends it, and tells what happened; no secret is in what it tells. */
export class Attempter {
  constructor(
    private readonly client: EgressClient,
    private readonly maker: RequestMaker,
    private readonly tracing?: Tracing,
  ) {}

  /** Never throws: what goes wrong is part of the attempt. */
  async attempt(ready: ReadyWebhook, owed: OwedDelivery, payload: Payload): Promise<Attempted> {
    if (!this.tracing || !owed.trace) return this.make(ready, owed, payload);
    const span = beginAttempt(this.tracing, ready.webhook, owed, owed.trace);
    const attempted = await this.make(ready, { ...owed, trace: span.context }, payload);
    endAttempt(span, attempted.attempt);
    return attempted;
  }

  private async make(ready: ReadyWebhook, owed: OwedDelivery, payload: Payload): Promise<Attempted> {
    const startedAt = Date.now();
    const begun = performance.now();
    const making = withoutProof(ready.webhook) ?? this.maker.make(ready, owed, payload, startedAt);
    const made = making instanceof Promise ? await making : making;
    const came = made.kind === 'made' ? await this.send(ready, made) : unsent(made);
    const attempt = {
      id: newId('att', startedAt),
      number: owed.attempt,
      trigger: owed.trigger,
      started_at: startedAt,
      duration_ms: Math.round(performance.now() - begun),
      ...came,
    };
    return { attempt, transform: made.console && signOf(made) };
  }

  private async send(
    { extra }: ReadyWebhook,
    { outbound, recorded, console }: Extract<Making, { kind: 'made' }>,
  ): Promise<Came> {
    const exchanged = await this.exchange(outbound, extra);
    const kept = console ? { request: recorded, console } : { request: recorded };
    if ('failure' in exchanged) return { ...kept, response: null, error: exchanged.failure };
    const { answer } = exchanged;
    return { ...kept, response: masked(answer, extra), error: httpError(answer.status) };
  }

  private exchange(outbound: OutboundRequest, extra: ExtraHeaders | null) {
    return extra?.tokens ? sendWithToken(this.client, extra.tokens, outbound) : this.client.send(outbound);
  }
}

/** Whether a webhook's transform wanted nothing sent. */
export function isDropped({ response, error }: AttemptRecord): boolean {
  return response === null && error === null;
}

function unsent(made: Exclude<Making, { kind: 'made' }>): Came {
  const error = made.kind === 'failed' ? made.error : null;
  const came = { request: made.recorded, response: null, error };
  return made.console ? { ...came, console: made.console } : came;
}

/** What could not be run for want of room says nothing of the transform. */
function signOf(made: Making): Attempted['transform'] {
  if (made.kind !== 'failed' || made.error.kind !== 'transform') return 'ok';
  return made.byTransform ? 'failed' : undefined;
}

/** Lanes hold what is owed to such a webhook; this holds where a way past them is found. */
function withoutProof(webhook: RoutedWebhook): Making | undefined {
  if (!awaitsProof(webhook)) return undefined;
  const { method, url } = webhook;
  const message = 'The receiver has not agreed to get events yet.';
  const recorded = { method, url, headers: {}, body: '' };
  return { kind: 'failed', recorded, error: { kind: 'internal', message }, byTransform: false };
}

function httpError(status: number): { kind: AttemptErrorKind; message: string } | null {
  if (status >= 200 && status < 300) return null;
  return { kind: 'http_status', message: `The receiver answered ${status}.` };
}

/** Receivers that echo requests repeat the credentials in them. */
function masked(answer: Answer, extra: ExtraHeaders | null): Answer {
  return extra === null || extra.toMask.length === 0 ? answer : maskAnswer(answer, extra.toMask);
}
