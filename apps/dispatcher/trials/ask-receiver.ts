import { randomBytes } from 'node:crypto';
import type { OwedDelivery, OwnershipAnswer, OwnershipQuestion, WebhookBucket } from '#bus';
import { deliveryIdOf, newId, readRoutedWebhook, type Agreement } from '#domain';
import { OutboundRequest, type EgressClient, type Exchanged } from '#egress';
import { compileFormat } from '#payload';
import type { Keyring } from '#signing';
import type { Attempter } from '../attempts/attempter.js';
import { readyWebhook, type ReadyWebhook } from '../webhooks/ready-webhook.js';
import { grantOf, holdsChallenge } from './read-agreement.js';

/** One deadline for all of it. */
const WITHIN_SECONDS = 10;
const CHALLENGE_BYTES = 24;
const CHALLENGE = 'tidings.challenge';
const STANDARD = compileFormat('standard');

interface AskReceiverParts {
  /** Not what the dispatcher has in memory: that may be of a moment before. */
  webhooks: Pick<WebhookBucket, 'get'>;
  keyring: Keyring;
  client: EgressClient;
  attempter: Pick<Attempter, 'attempt'>;
  /** By what name receivers know this installation. */
  origin: string;
  userAgent: string;
  report: (problem: string, error: unknown) => void;
}

/** Asks receivers whether they want events. Nothing of it is on record but what the ledger says then. */
export class AskReceiver {
  constructor(private readonly parts: AskReceiverParts) {}

  /** What `OwnershipChecks.serve` takes. */
  readonly ask = async ({ tenant, webhook, version }: OwnershipQuestion): Promise<OwnershipAnswer> => {
    const routed = await this.parts.webhooks.get(tenant, webhook);
    if (!routed || routed.version < version) return { refused: 'webhook_unknown' };
    const ready = readyWebhook(readRoutedWebhook(routed), this.parts.keyring, this.parts.report);
    const { url, ownership } = ready.webhook;
    if (ownership === null) return { refused: 'webhook_unknown' };
    const { check } = ownership;
    const found = check === 'handshake' ? await this.handshake(url) : await this.challenge(ready);
    return 'refused' in found ? found : { agreed: { check, url, ...found } };
  };

  /** CloudEvents HTTP Webhook 1.0.2, section 4. It carries no credentials: it asks who may send, not who we are. */
  private async handshake(url: string): Promise<Omit<Agreement, 'check' | 'url'> | Refusal> {
    const { client, origin, userAgent } = this.parts;
    const headers = {
      'User-Agent': userAgent,
      'Accept-Encoding': 'identity',
      'WebHook-Request-Origin': origin,
    };
    const exchanged = await client.send(
      new OutboundRequest('OPTIONS', url, headers, Buffer.alloc(0), WITHIN_SECONDS * 1_000),
    );
    if ('failure' in exchanged) return noAnswer(exchanged.failure);
    const grant = grantOf(exchanged.answer, origin);
    return 'fault' in grant ? { refused: 'not_agreed', detail: grant.fault } : { origin, ...grant };
  }

  private async challenge(ready: ReadyWebhook): Promise<Omit<Agreement, 'check' | 'url'> | Refusal> {
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const webhook = {
      ...ready.webhook,
      ...{ method: 'POST' as const, transform: null },
      ...{ ownership: null, timeout_seconds: WITHIN_SECONDS },
    };
    const data = Buffer.from(JSON.stringify({ challenge }));
    const { attempt } = await this.parts.attempter.attempt(
      { ...ready, webhook, renderer: STANDARD },
      owedChallenge(webhook),
      { data, metadata: null },
    );
    const { response, error } = attempt;
    if (!response) return noAnswer(error ?? { kind: 'internal', message: '' });
    if (holdsChallenge(response, challenge)) return { origin: null, allowed_per_minute: null };
    const detail = `The receiver answered ${response.status}, without the challenge.`;
    return { refused: 'not_agreed', detail };
  }
}

type Refusal = Extract<OwnershipAnswer, { detail: string }>;
type Failure = Extract<Exchanged, { failure: unknown }>['failure'];

function noAnswer({ kind }: Failure): Refusal {
  return { refused: 'no_answer', detail: `The receiver gave no answer that can be read (${kind}).` };
}

function owedChallenge({ id, tenant }: ReadyWebhook['webhook']): OwedDelivery {
  const now = Date.now();
  const event = newId('evt', now);
  return {
    delivery: deliveryIdOf(event, id, now),
    ...{ tenant, webhook: id, event, event_type: CHALLENGE },
    timestamp: new Date(now).toISOString(),
    created_at: now,
    owed_at: now,
    attempt: 1,
    trigger: 'test',
    sequence: 0,
    by_reference: false,
  };
}
