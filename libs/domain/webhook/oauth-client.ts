import type { Fault } from '../fault.js';

/** The bounds of what an OAuth client is told by, in characters. */
export const OAUTH_LIMITS = {
  token_url: { min: 1, max: 2_048 },
  client_id: { min: 1, max: 512 },
  scope: { min: 0, max: 1_024 },
} as const;

/** Space-separated tokens of visible ASCII but `"` and `\` (RFC 6749, 3.3). */
const SCOPE = /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/;

/**
 * What is wrong with an OAuth client's settings; the paths begin with `auth`.
 * Whether the token URL may be reached is the address guard's to say.
 */
export function oauthClientFaults(auth: { token_url: string; client_id: string; scope: string }): Fault[] {
  const faults = (['token_url', 'client_id', 'scope'] as const).flatMap((member): Fault[] => {
    const { min, max } = OAUTH_LIMITS[member];
    const { length } = auth[member];
    if (length >= min && length <= max) return [];
    return [{ path: `auth.${member}`, message: `must have ${min} to ${max} characters, but has ${length}` }];
  });
  if (!auth.token_url.isWellFormed() || /\p{Cc}/u.test(auth.token_url))
    faults.push({ path: 'auth.token_url', message: 'must hold no control characters and no broken Unicode' });
  if (!/^[\x20-\x7e]*$/.test(auth.client_id))
    faults.push({ path: 'auth.client_id', message: 'must be visible ASCII and spaces' });
  if (auth.scope.length <= OAUTH_LIMITS.scope.max && !SCOPE.test(auth.scope))
    faults.push({
      path: 'auth.scope',
      message: 'must be words of visible ASCII without " and \\, one space between two',
    });
  return faults;
}
