import {
  NO_WEBHOOK,
  secretsOf,
  type LiveWebhook,
  type RoutedWebhook,
  type SecretPath,
  type WebhookState,
} from '#domain';
import type { WebhookRow } from './webhook-row.js';

/** What stands sealed beside a webhook. */
export interface SealedSecrets {
  /** Signing secrets by their number. */
  signing: ReadonlyMap<number, string>;
  /** What headers and auth refer to. */
  credentials: ReadonlyMap<SecretPath, string>;
}

export const NOTHING_SEALED: SealedSecrets = { signing: new Map(), credentials: new Map() };

/** The state that a row stands for. Without a row there is no webhook (any more). */
export function stateOf(row: WebhookRow | null): WebhookState {
  return row ? liveWebhookOf(row) : NO_WEBHOOK;
}

/** The webhook that a row is. */
export function liveWebhookOf(row: WebhookRow): LiveWebhook {
  const {
    secrets: _secrets,
    credentials: _credentials,
    retiring_secrets,
    standing_since,
    created_at,
    updated_at,
    ...fields
  } = row;
  return {
    kind: 'live',
    ...fields,
    retiring: retiring_secrets.map(({ number, until }) => ({ number, until })),
    standing_since: standing_since.getTime(),
    created_at: created_at.getTime(),
    updated_at: updated_at.getTime(),
  };
}

/**
 * The row of a webhook: what is sealed is taken from what is new, else from the
 * row before, and what nothing refers to any more is left behind.
 * @throws Error when a secret that the webhook refers to is in neither
 */
export function rowOf(state: LiveWebhook, before: WebhookRow | null, added: SealedSecrets): WebhookRow {
  const { kind: _kind, retiring, standing_since, created_at, updated_at, ...fields } = state;
  const missing = (what: string): never => {
    throw new Error(`The webhook ${state.id} refers to ${what}, which is sealed nowhere.`);
  };
  const signing = (number: number): string =>
    added.signing.get(number) ??
    (before?.secret_number === number ? before.secrets[0] : undefined) ??
    before?.retiring_secrets.find((each) => each.number === number)?.sealed ??
    missing(`signing secret ${number}`);
  return {
    ...fields,
    secrets: [signing(state.secret_number)],
    retiring_secrets: retiring.map(({ number, until }) => ({ number, until, sealed: signing(number) })),
    credentials: Object.fromEntries(
      [...secretsOf(state).keys()].map((path) => [
        path,
        added.credentials.get(path) ?? before?.credentials[path] ?? missing(path),
      ]),
    ),
    standing_since: new Date(standing_since),
    created_at: new Date(created_at),
    updated_at: new Date(updated_at),
  };
}

/** What the data plane is told of a webhook. */
export function routedWebhookOf(row: WebhookRow): RoutedWebhook {
  const { id, tenant, version, status, url, method, event_types, filter, headers, auth } = row;
  const { credentials, timeout_seconds, retry, format, transform, rate_limit, concurrency, ordered } = row;
  return {
    id,
    tenant,
    version,
    status,
    url,
    method,
    event_types,
    filter,
    headers,
    auth,
    credentials,
    timeout_seconds,
    retry,
    format,
    transform,
    rate_limit,
    concurrency,
    ordered,
    ownership: row.ownership,
    secrets: row.secrets,
    retiring_secrets: row.retiring_secrets.map(({ sealed, until }) => ({ sealed, until })),
  };
}
