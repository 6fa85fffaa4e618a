import type { TenantId } from '../ids.js';
import type { Fault } from '../fault.js';

/** Where something is read from a message; tokens of the subject count from 1. */
export type PlaceRule = { fixed: string } | { header: string } | { token: number } | { tokens_from: number };

/** A stream of the user's own whose messages are routed as if they lay in EVENTS. */
export interface EventSource {
  /** One subject token; the durable consumer is called by it. */
  name: string;
  stream: string;
  filter_subjects: string[];
  /** Where reading begins when the source is bound for the first time. */
  start: 'new' | 'all';
  tenant: PlaceRule;
  type: PlaceRule;
}

/**
 * Tenant and type of a message, as the source's rules read them; not looked at whether they can be such.
 * @returns undefined when the subject or the headers do not have what a rule names
 */
export function placeBySource(
  source: Pick<EventSource, 'tenant' | 'type'>,
  subject: string,
  header: (name: string) => string | undefined,
): { tenant: TenantId; type: string } | undefined {
  const tenant = readBy(source.tenant, subject, header);
  const type = readBy(source.type, subject, header);
  return tenant === undefined || type === undefined ? undefined : { tenant, type };
}

function readBy(
  rule: PlaceRule,
  subject: string,
  header: (name: string) => string | undefined,
): string | undefined {
  if ('fixed' in rule) return rule.fixed;
  if ('header' in rule) return header(rule.header);
  const tokens = subject.split('.');
  if ('token' in rule) return tokens[rule.token - 1];
  const rest = tokens.slice(rule.tokens_from - 1);
  return rest.length === 0 ? undefined : rest.join('.');
}

/** What cannot work about a source: rules that name tokens which no subject of a filter has. */
export function sourceFaults(source: EventSource): Fault[] {
  return (['tenant', 'type'] as const).flatMap((name) => {
    const rule = source[name];
    const wanted = 'token' in rule ? rule.token : 'tokens_from' in rule ? rule.tokens_from : 0;
    return source.filter_subjects
      .filter((filter) => !filter.endsWith('>') && filter.split('.').length < wanted)
      .map((filter) => {
        const message = `is read from token ${wanted}, but subjects of ${filter} have ${filter.split('.').length}`;
        return { path: name, message };
      });
  });
}
