import { StringDecoder } from 'node:string_decoder';
import type { Preview, PreviewAnswer, PreviewQuestion } from '#bus';
import { DEFAULT_CONCURRENCY, DEFAULT_RETRY, signingSchemeOf, type RoutedWebhook } from '#domain';
import { compileFormat } from '#payload';
import { generateSecret, RequestSigner, type Keyring } from '#signing';
import type { Making, Payload, RequestMaker } from '../attempts/request-maker.js';
import { readyWebhook, type ReadyWebhook } from '../webhooks/ready-webhook.js';
import type { WebhookDirectory } from '../webhooks/webhook-directory.js';

interface ShowRequestParts {
  webhooks: Pick<WebhookDirectory, 'find'>;
  maker: RequestMaker;
  keyring: Keyring;
}

/** So much of a body is shown, in bytes: two of them, however JSON escapes them, fit a message of NATS. */
const SHOWN_BYTES = 64 * 1024;

/**
 * Shows what would be sent: made by what makes the requests that are sent, and
 * then not sent. Nothing of it is on record, and it counts for nothing.
 */
export class ShowRequest {
  constructor(private readonly parts: ShowRequestParts) {}

  /** What `Previews.serve` takes. */
  readonly show = async (question: PreviewQuestion, data: Buffer): Promise<PreviewAnswer> => {
    const ready = question.draft ? draftOf(question) : await this.readyFor(question);
    if (ready === undefined) return { refused: 'webhook_unknown' };
    const payload = { data, metadata: question.owed.metadata ?? null };
    const made = await this.make(ready, question, payload);
    const plain = { ...ready, webhook: { ...ready.webhook, transform: null } };
    const before = ready.webhook.transform === null ? null : await this.make(plain, question, payload);
    return { preview: previewOf(made, before) };
  };

  private async make(ready: ReadyWebhook, { owed }: PreviewQuestion, payload: Payload): Promise<Making> {
    return this.parts.maker.make(ready, owed, payload, Date.now());
  }

  private async readyFor(question: PreviewQuestion): Promise<ReadyWebhook | undefined> {
    const { owed, version = 0, format, transform } = question;
    const { webhooks, keyring } = this.parts;
    const known = await webhooks.find(owed.tenant, owed.webhook);
    if (known === undefined || known.webhook.version < version) return undefined;
    if (format === undefined && transform === undefined) return known;
    const { webhook } = known;
    const changed = {
      ...webhook,
      format: format ?? webhook.format,
      transform: transform === undefined ? webhook.transform : transform,
    };
    // What cannot be opened is told by what comes of it.
    return readyWebhook(changed, keyring, () => undefined);
  }
}

function previewOf(made: Making, before: Making | null): Preview {
  return {
    request: made.kind === 'made' ? shown(made) : null,
    truncated: made.kind === 'made' && made.outbound.body.length > SHOWN_BYTES,
    before: before?.kind === 'made' ? shown(before) : null,
    dropped: made.kind === 'dropped',
    error: made.kind === 'failed' ? made.error : null,
    console: made.console ?? null,
    transform_ms: made.transform_ms === undefined ? null : Math.round(made.transform_ms * 10) / 10,
  };
}

function shown({ recorded, outbound: { body } }: Extract<Making, { kind: 'made' }>) {
  // Unlike toString, it leaves out a character that is cut in two.
  const text = new StringDecoder('utf8').write(body.subarray(0, SHOWN_BYTES));
  return { ...recorded, body: text };
}

/** A webhook that there is not, with a secret that nobody has. */
function draftOf({ owed, format = 'standard', transform = null }: PreviewQuestion): ReadyWebhook {
  const webhook: RoutedWebhook = {
    ...{ id: owed.webhook, tenant: owed.tenant, version: 1, status: 'active' },
    ...{ url: 'https://receiver.example.com/webhooks', method: 'POST' },
    ...{ event_types: ['*'], filter: null, headers: {}, auth: { type: 'none' }, credentials: {} },
    ...{ timeout_seconds: 30, retry: DEFAULT_RETRY, rate_limit: null, concurrency: DEFAULT_CONCURRENCY },
    ...{ ordered: false, ownership: null, secrets: [], retiring_secrets: [] },
    format,
    transform,
  };
  return {
    webhook,
    renderer: compileFormat(format),
    signer: new RequestSigner(signingSchemeOf(format), [{ secret: generateSecret(), until: Infinity }]),
    extra: { sent: {}, recorded: {}, toMask: [], hmac: null, tokens: null, identity: undefined },
  };
}
