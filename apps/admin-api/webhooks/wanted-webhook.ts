import { separateSecrets, type LiveWebhook, type SecretPath, type WebhookDefinition } from '#domain';
import { nestedWithin } from '../http/merge-patch.js';
import { patchedBy } from '../http/patched.js';
import { invalidRequest } from '../problems/problem.js';
import { formatToPatch } from './webhook-format.js';
import { webhookDefinition, type WantedWebhook, type WebhookPatch } from './webhook-schemas.js';
import { maskedAuth, maskedHeaders } from './webhook-view.js';

/** A definition whose secrets stand apart, still to be sealed. */
export interface SettledWebhook {
  definition: WebhookDefinition;
  fresh: ReadonlyMap<SecretPath, string>;
}

/**
 * The definition that is asked for, its secrets apart.
 * @param current what there is, whose masked secrets stay; undefined for a webhook that is new
 * @throws Problem 422 for a secret that is none, or is missing
 */
export function settle(wanted: WantedWebhook, current: LiveWebhook | undefined): SettledWebhook {
  const { name, description, tags, metadata, url, method, event_types, filter, status } = wanted;
  const { timeout_seconds, retry, format, transform, rate_limit, concurrency, ordered } = wanted;
  const { headers, auth, fresh, faults } = separateSecrets(wanted, current, (current?.version ?? 0) + 1);
  if (faults.length > 0) throw invalidRequest(faults);
  const labels = { name, description, tags, metadata };
  const request = { url, method, headers, auth, format, transform, timeout_seconds };
  const pace = { retry, rate_limit, concurrency, ordered };
  return { definition: { ...labels, ...request, ...pace, event_types, filter, status }, fresh };
}

/** A filter of the deepest kind needs 18. */
const PATCH_LEVELS = 32;

/**
 * What a merge patch makes of a webhook. An `auth` of another type replaces
 * the one there is: merged, it would keep members that the new type has not.
 * @throws Problem 422 when that is not valid
 */
export function patched(current: LiveWebhook, patch: WebhookPatch): WantedWebhook {
  const { name, description, tags, metadata, url, method, event_types, filter } = current;
  const { timeout_seconds, retry, format, transform, rate_limit, concurrency, ordered } = current;
  if (!nestedWithin(patch, PATCH_LEVELS))
    throw invalidRequest([{ path: '', message: `must not be nested more than ${PATCH_LEVELS} deep` }]);
  const auth = patch.auth?.['type'] === undefined || patch.auth['type'] === current.auth.type;
  const before = {
    ...{ name, description, tags, metadata, url, method, event_types, filter, timeout_seconds, retry },
    ...{ format: formatToPatch(format, patch.format), transform, rate_limit, concurrency, ordered },
    headers: maskedHeaders(current.headers),
    ...(auth ? { auth: maskedAuth(current.auth) } : {}),
  };
  return patchedBy(webhookDefinition, before, patch);
}
