interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * What a receiver grants by its answer to OPTIONS (CloudEvents HTTP Webhook
 * 1.0.2, section 4.2): it must name our origin, or all. A status other than 2xx
 * grants nothing, and neither does a rate that cannot be read.
 */
export function grantOf(
  { status, headers }: Omit<Answer, 'body'>,
  origin: string,
): { allowed_per_minute: number | null } | { fault: string } {
  if (!isSuccess(status)) return { fault: `The receiver answered OPTIONS with ${status}.` };
  const allowed = headers['webhook-allowed-origin']?.trim();
  if (allowed === undefined) return { fault: 'The receiver did not say WebHook-Allowed-Origin.' };
  if (allowed !== '*' && allowed.toLowerCase() !== origin.toLowerCase())
    return { fault: `WebHook-Allowed-Origin names another origin than ${origin}.` };
  const rate = headers['webhook-allowed-rate']?.trim() ?? '*';
  if (rate === '*') return { allowed_per_minute: null };
  if (!/^[1-9]\d{0,8}$/.test(rate)) return { fault: 'WebHook-Allowed-Rate is no number of requests.' };
  return { allowed_per_minute: Number(rate) };
}

/** Whether an answer holds the challenge: as its text, or as the member `challenge` of JSON. */
export function holdsChallenge(
  { status, body }: Pick<Answer, 'status' | 'body'>,
  challenge: string,
): boolean {
  if (!isSuccess(status)) return false;
  const text = body.trim();
  if (text === challenge) return true;
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && 'challenge' in read && read.challenge === challenge;
  } catch {
    return false;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
