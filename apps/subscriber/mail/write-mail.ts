import { MAILED_TYPES, plainLine, type MailedType } from './mail-notice.js';

/** What a tenant's contacts are told of a webhook, by kind. */
export interface MailNotice {
  type: string;
  webhook_id: string;
  count: number;
  first_at: Date;
  last_at: Date;
  detail: string;
}

export interface MailContent {
  subject: string;
  text: string;
  html: string;
}

/** Webhooks shown of each kind. */
const SHOWN = 20;
const NAME = 80;

const WORDS: Record<MailedType, { counted: string; title: string; of: 'webhooks' | 'events' }> = {
  'tidings.webhook.disabled': {
    ...{ counted: 'disabled', title: 'Webhooks that were disabled', of: 'webhooks' },
  },
  'tidings.circuit.opened': {
    ...{
      counted: 'with an open circuit',
      title: 'Webhooks that kept failing (circuit open)',
      of: 'webhooks',
    },
  },
  'tidings.delivery.exhausted': {
    ...{ counted: 'failed deliveries', title: 'Deliveries that failed for good', of: 'events' },
  },
  'tidings.webhook.recovered': {
    ...{ counted: 'recovered', title: 'Webhooks that succeed again', of: 'webhooks' },
  },
};

interface Section {
  title: string;
  counted: string;
  lines: string[];
  more: number;
}

/**
 * One mail of any number of notices: how many of each kind, and the webhooks that have most of them.
 * All that comes from elsewhere is one short line of it, escaped where it is HTML.
 * @param tenant its id and its name
 * @param names of webhooks, by id
 */
export function writeMail(
  tenant: { id: string; name: string },
  notices: readonly MailNotice[],
  names: ReadonlyMap<string, string>,
): MailContent {
  const sections = MAILED_TYPES.flatMap((type) =>
    sectionOf(
      type,
      notices.filter((notice) => notice.type === type),
      names,
    ),
  );
  const who = plainLine(tenant.name, NAME);
  const subject = plainLine(`[Tidings] ${who}: ${sections.map(({ counted }) => counted).join(', ')}`);
  const intro = `This is about the webhooks of ${who} (tenant ${tenant.id}).`;
  return { subject, text: textOf(intro, sections), html: htmlOf(intro, sections) };
}

function sectionOf(
  type: MailedType,
  notices: MailNotice[],
  names: ReadonlyMap<string, string>,
): Section | [] {
  if (notices.length === 0) return [];
  const { counted, title, of } = WORDS[type];
  const total = of === 'webhooks' ? notices.length : notices.reduce((sum, { count }) => sum + count, 0);
  const most = notices.toSorted((a, b) => b.count - a.count || (a.webhook_id < b.webhook_id ? -1 : 1));
  return {
    title,
    counted: `${total} ${counted}`,
    lines: most.slice(0, SHOWN).map((notice) => lineOf(notice, names)),
    more: Math.max(0, most.length - SHOWN),
  };
}

function lineOf(
  { webhook_id, count, first_at, last_at, detail }: MailNotice,
  names: ReadonlyMap<string, string>,
) {
  const name = names.get(webhook_id);
  const who = name === undefined ? webhook_id : `${plainLine(name, NAME)} (${webhook_id})`;
  const when =
    count === 1
      ? last_at.toISOString()
      : `${count} times from ${first_at.toISOString()} to ${last_at.toISOString()}`;
  return `${who}: ${when}${detail === '' ? '' : `; ${count === 1 ? '' : 'last: '}${plainLine(detail)}`}`;
}

const OUTRO =
  'What follows within the next hour comes in one more mail. Contacts are a setting of the tenant.';

function textOf(intro: string, sections: Section[]): string {
  const parts = sections.map(({ title, lines, more }) =>
    [`${title}:`, ...lines.map((line) => `- ${line}`), ...moreOf(more).map((line) => `- ${line}`)].join('\n'),
  );
  return [intro, ...parts, OUTRO].join('\n\n') + '\n';
}

function htmlOf(intro: string, sections: Section[]): string {
  const parts = sections.map(({ title, lines, more }) => {
    const items = [...lines, ...moreOf(more)].map((line) => `<li>${escaped(line)}</li>`).join('\n');
    return `<h3>${escaped(title)}</h3>\n<ul>\n${items}\n</ul>`;
  });
  const paragraphs = [`<p>${escaped(intro)}</p>`, ...parts, `<p>${escaped(OUTRO)}</p>`];
  return `<!doctype html>\n<html><body>\n${paragraphs.join('\n')}\n</body></html>\n`;
}

function moreOf(more: number): string[] {
  return more === 0 ? [] : [`and ${more} more`];
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '');
}
