import type { Keyring } from '#signing';
import type { KeyCount, Rewrapped } from './rewrap.js';

/** What a person is told: what was done, what each key seals now, and which keys are no longer needed. */
export function describeRewrap(keyring: Keyring, counts: KeyCount[], done?: Rewrapped): string[] {
  const { sealsWith } = keyring;
  const used = new Set(counts.map(({ keyId }) => keyId));
  const lines = done
    ? [
        `Sealed anew under "${sealsWith}": ${many(done.secrets, 'secret')} of ${many(done.webhooks, 'webhook')}, ${many(done.answers, 'kept answer')}; ${many(done.entries, 'webhook')} brought up to date in NATS.`,
      ]
    : [];
  for (const { keyId, secrets, answers, entries } of counts)
    lines.push(
      `Key "${keyId}"${keyring.has(keyId) ? '' : ', which is not in TIDINGS_ENCRYPTION_KEYS,'} seals ${many(secrets, 'secret')} and ${many(answers, 'kept answer')} in PostgreSQL, ${many(entries, 'secret')} in NATS.`,
    );
  for (const id of keyring.ids)
    if (id !== sealsWith && !used.has(id))
      lines.push(
        `Key "${id}" seals nothing any more: once no process has it as its first key, remove it from TIDINGS_ENCRYPTION_KEYS.`,
      );
  if (done && done.unopened.length === 0 && counts.some(({ keyId }) => keyId !== sealsWith))
    lines.push(
      `Some process still seals under another key than "${sealsWith}". Run this again when "${sealsWith}" is the first key of all.`,
    );
  return lines;
}

const many = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
