import type { Fault } from '../fault.js';
import { secretsOf, type RequestHeaders, type SecretPath, type WebhookAuth } from './credentials.js';

interface Destined {
  url: string;
  headers: RequestHeaders;
  auth: WebhookAuth;
}

/** What is never sent, but proves something: whoever gets the proof cannot use it elsewhere. */
const NEVER_SENT: ReadonlySet<SecretPath> = new Set(['auth.secret', 'auth.private_key']);

/**
 * What a change would send to a host for which it was not given: secrets that
 * are kept, by the mask or by leaving them out, while their URL gets another
 * host. Who may change a URL need not know the secrets; without this they
 * could read them at a receiver of their own. Another path or port of the same
 * host is fine.
 */
export function keptSecretFaults(before: Destined, after: Destined): Fault[] {
  const secrets = secretsOf(after);
  const kept = [...secretsOf(before)].filter(([path, { secret }]) => secrets.get(path)?.secret === secret);
  return kept
    .filter(([path]) => !NEVER_SENT.has(path) && goesElsewhere(path, before, after))
    .map(([path]) => ({
      path,
      message: 'must be given again, for it would go to another host than the one it was given for',
    }));
}

/** An OAuth client's secret goes to the token endpoint, and what it brings from there to the receiver. */
function goesElsewhere(path: SecretPath, before: Destined, after: Destined): boolean {
  if (hostOf(before.url) !== hostOf(after.url)) return true;
  return path === 'auth.client_secret' && tokenHostOf(before.auth) !== tokenHostOf(after.auth);
}

function tokenHostOf(auth: WebhookAuth): string {
  return auth.type === 'oauth2' ? hostOf(auth.token_url) : '';
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : url;
}
