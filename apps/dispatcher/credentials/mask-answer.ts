import { MASK } from '#domain';
import type { Answer } from '#egress';

/** Shorter ones guard nothing, and masking them would tear up what is kept. */
const LEAST_CHARACTERS = 4;

/**
 * The texts to look for where credentials may be repeated: as they are, and as
 * JSON writes them.
 */
export function textsToMask(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  // What holds another comes before it.
  return [...new Set(forms)]
    .filter(({ length }) => length >= LEAST_CHARACTERS)
    .sort((one, other) => other.length - one.length);
}

/** An answer as the record may keep it: receivers that echo requests repeat the credentials in them. */
export function maskAnswer(answer: Answer, texts: readonly string[]): Answer {
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, masked(value, texts)]);
  return {
    ...answer,
    headers: Object.fromEntries(headers) as Answer['headers'],
    body: masked(answer.body, texts),
  };
}

function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
}
