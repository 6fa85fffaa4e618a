import type { OperationalEvent, OperationalType } from '#domain';
import { redact } from '#observability';

/** Kinds that go by mail, in the order in which a mail has them. */
export const MAILED_TYPES = [
  'tidings.webhook.disabled',
  'tidings.circuit.opened',
  'tidings.delivery.exhausted',
  'tidings.webhook.recovered',
] as const satisfies readonly OperationalType[];

export type MailedType = (typeof MAILED_TYPES)[number];

export function isMailed(type: string): type is MailedType {
  return (MAILED_TYPES as readonly string[]).includes(type);
}

const LONGEST = 200;
/** Controls, ends of lines, and what turns the direction of writing: a name must look like what it is. */
const NOT_PLAIN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const ADDRESS = /\bhttps?:\/\/[^\s"'<>]+/gi;

/** A text from elsewhere as a mail may hold it: one line, not long, well-formed. */
export function plainLine(text: string, longest = LONGEST): string {
  const line = text.toWellFormed().replace(NOT_PLAIN, ' ').trim();
  const letters = [...line];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : line;
}

/** What an event says of its reason, in a line without secrets; of addresses no user, no password and no query. */
export function detailOf(event: OperationalEvent): string {
  return plainLine(redact(reasonOf(event).replace(ADDRESS, withoutQuery)));
}

function reasonOf(event: OperationalEvent): string {
  switch (event.type) {
    case 'tidings.webhook.disabled':
      return event.data.reason;
    case 'tidings.circuit.opened':
      return `${event.data.failures} failures in a row`;
    case 'tidings.webhook.recovered':
      return event.data.from === 'disabled' ? 'it had been disabled' : 'its circuit had been open';
    case 'tidings.delivery.exhausted': {
      const { event_type, reason, last_error, status_code } = event.data;
      const status = status_code === null ? [] : [`status ${status_code}`];
      const error = last_error ? [`${last_error.kind}: ${last_error.message}`] : [];
      return [event_type, reason ?? 'failed', ...status, ...error].join(', ');
    }
    case 'tidings.webhook.enabled':
    case 'tidings.webhook.secret_rotated':
    case 'tidings.circuit.closed':
      return '';
  }
}

function withoutQuery(address: string): string {
  const url = URL.parse(address);
  return url ? url.origin + url.pathname : '(an address)';
}
