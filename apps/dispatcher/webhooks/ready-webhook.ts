import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  definitionOf,
  MASK,
  secretsOf,
  signingSchemeOf,
  type RoutedWebhook,
  type SecretPath,
  type WebhookAuth,
} from '#domain';
import type { TlsIdentity } from '#egress';
import { compileFormat, type PayloadRenderer } from '#payload';
import { RequestSigner, type Keyring } from '#signing';
import { textsToMask } from '../credentials/mask-answer.js';
import { TokenSource } from '../credentials/token-source.js';

/** A webhook made ready to be called: what each attempt would otherwise work out anew. */
export interface ReadyWebhook {
  webhook: RoutedWebhook;
  /** Writes payloads in its format; null when a template of it cannot be read: nothing is sent then. */
  renderer: PayloadRenderer | null;
  /** null when its secrets cannot be opened: nothing is sent then. */
  signer: RequestSigner | null;
  /** The webhook's own headers and those of its auth; null when their secrets cannot be opened. */
  extra: ExtraHeaders | null;
}

export interface ExtraHeaders {
  sent: Record<string, string>;
  /** The same with the secrets masked. */
  recorded: Record<string, string>;
  /** Texts that the record must not keep where a receiver repeats them. */
  toMask: readonly string[];
  /** A header over the body. */
  hmac: { header: string; key: KeyObject } | null;
  /** Where the token comes from that goes with each request. */
  tokens: TokenSource | null;
  /** The client certificate that the receiver is shown. */
  identity: TlsIdentity | undefined;
}

/**
 * Opens what is sealed of a webhook, and reads its format.
 * @param report told what cannot be opened or read
 */
export function readyWebhook(
  webhook: RoutedWebhook,
  keyring: Keyring,
  report: (problem: string, error: unknown) => void,
): ReadyWebhook {
  const ready: ReadyWebhook = { webhook, renderer: null, signer: null, extra: null };
  try {
    ready.renderer = rendererOf(webhook.format);
  } catch (error) {
    report(`the format of ${webhook.id} cannot be read`, error);
  }
  try {
    ready.signer = signerOf(webhook, keyring);
  } catch (error) {
    // Its deliveries go on, unsigned requests never: see Attempter.
    report(`the secrets of ${webhook.id} cannot be opened`, error);
  }
  try {
    ready.extra = extraHeaders(webhook, keyring);
  } catch (error) {
    report(`the credentials of ${webhook.id} cannot be opened`, error);
  }
  return ready;
}

/** Those of built-in formats, which most webhooks share. */
const builtIn = new Map<string, PayloadRenderer>();

/** @throws TemplateFault when a template cannot be read */
function rendererOf(format: RoutedWebhook['format']): PayloadRenderer {
  if (typeof format !== 'string') return compileFormat(format);
  const known = builtIn.get(format) ?? compileFormat(format);
  builtIn.set(format, known);
  return known;
}

/** @throws KeyringError */
function signerOf(webhook: RoutedWebhook, keyring: Keyring): RequestSigner {
  const { tenant, id, secrets, retiring_secrets, format } = webhook;
  const sealed = [...secrets.map((each) => ({ sealed: each, until: Infinity })), ...retiring_secrets];
  const place = { tenant, webhook: id, purpose: 'signing' } as const;
  return new RequestSigner(
    signingSchemeOf(format),
    sealed.map((each) => ({ secret: keyring.open(each.sealed, place), until: each.until })),
  );
}

/** `sha256=` and the HMAC in hex, as receivers know it from many senders. */
export function bodySignature(key: KeyObject, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
}

/** @throws KeyringError */
function extraHeaders(webhook: RoutedWebhook, keyring: Keyring): ExtraHeaders {
  const refs = secretsOf(webhook);
  const opened: string[] = [];
  const open = (purpose: SecretPath): string => {
    const secret = keyring.open(webhook.credentials[purpose] ?? '', {
      tenant: webhook.tenant,
      webhook: webhook.id,
      purpose,
      version: refs.get(purpose)?.secret ?? 0,
    });
    opened.push(secret);
    return secret;
  };
  const sent: Record<string, string> = {};
  const recorded: Record<string, string> = {};
  const formats = headersOfFormat(webhook.format);
  for (const [name, value] of Object.entries(webhook.headers)) {
    // Refused when a webhook is saved; but formats that come with Tidings may get a header later.
    if (formats.has(name.toLowerCase())) continue;
    const secret = typeof value !== 'string';
    sent[name] = secret ? open(`headers.${name.toLowerCase()}`) : value;
    recorded[name] = secret ? MASK : value;
  }
  const extra: ExtraHeaders = {
    ...{ sent, recorded, toMask: [], hmac: null, tokens: null, identity: undefined },
  };
  authenticate(extra, webhook, open);
  // Of basic auth the receiver sees a form of its own.
  const [, credentials = ''] = /^Basic (.*)/.exec(sent['Authorization'] ?? '') ?? [];
  return { ...extra, toMask: textsToMask([...opened, credentials]) };
}

/** The names of the headers that a format sets, in lower case. */
function headersOfFormat(format: RoutedWebhook['format']): ReadonlySet<string> {
  const { headers, signature } = definitionOf(format);
  const signed = signature === null || signature.scheme === 'v1a' ? [] : [signature.header];
  return new Set([...Object.keys(headers), ...signed].map((name) => name.toLowerCase()));
}

/** Adds what the webhook's auth asks for. */
function authenticate(
  extra: ExtraHeaders,
  webhook: RoutedWebhook,
  open: (purpose: SecretPath) => string,
): void {
  const { sent, recorded } = extra;
  const { auth } = webhook;
  switch (auth.type) {
    case 'none':
      return;
    case 'oauth2':
      recorded['Authorization'] = `Bearer ${MASK}`;
      extra.tokens = new TokenSource(
        {
          tokenUrl: auth.token_url,
          id: auth.client_id,
          secret: open('auth.client_secret'),
          scope: auth.scope,
        },
        webhook.timeout_seconds * 1_000,
      );
      return;
    case 'mtls':
      extra.identity = identityOf(webhook.id, auth, open('auth.private_key'));
      return;
    case 'bearer':
      sent['Authorization'] = `Bearer ${open('auth.token')}`;
      recorded['Authorization'] = `Bearer ${MASK}`;
      return;
    case 'basic': {
      const credentials = Buffer.from(`${auth.username}:${open('auth.password')}`).toString('base64');
      sent['Authorization'] = `Basic ${credentials}`;
      recorded['Authorization'] = `Basic ${MASK}`;
      return;
    }
    case 'api_key':
      sent[auth.header_name] = open('auth.key');
      recorded[auth.header_name] = MASK;
      return;
    case 'hmac':
      extra.hmac = { header: auth.header_name, key: createSecretKey(open('auth.secret'), 'utf8') };
      return;
  }
}

/** Its id tells of another certificate or CA under the same key too. */
function identityOf(
  webhook: string,
  { certificate, private_key, ca }: Extract<WebhookAuth, { type: 'mtls' }>,
  privateKey: string,
): TlsIdentity {
  const print = createHash('sha256')
    .update(JSON.stringify([certificate, ca]))
    .digest('base64url');
  return { id: `${webhook}.${private_key.secret}.${print}`, certificate, privateKey, ca };
}
