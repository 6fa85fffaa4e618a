import { bounded, boundedLines, entriesOf, MORE, readable } from '../bounded-text.js';
import { Value } from '../value.js';
import type { Filters } from './filter.js';

/** A value of a line or a field; the services' own bounds are wider. */
const VALUE_LENGTH = 300;
const KEY_LENGTH = 100;
const NOTHING = '(no data)';

/** docs.slack.dev/messaging/formatting-message-text: these three and no others. */
function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const MARKDOWN = /[\\`*_~|>#[\]<@]/g;

/** What Discord and Adaptive Cards would read as markup, with a backslash before it. */
function markdownEscaped(text: string): string {
  return text.replaceAll(MARKDOWN, '\\$&');
}

function escapedBy(escape: (text: string) => string): (value: Value) => Value {
  return (value) => Value.of(escape(value.text));
}

/** A section of Slack holds 3,000 characters. */
const SLACK_SECTION = 2_900;

function slackLines(value: Value): Value {
  // The shortest line has five characters: those of more members would not fit.
  const entries = entriesOf(value, SLACK_SECTION / 5);
  const lines = entries?.first.map(
    ([key, text]) =>
      `*${slackEscaped(bounded(key, KEY_LENGTH))}*: ${slackEscaped(bounded(text, VALUE_LENGTH))}`,
  ) ?? [slackEscaped(bounded(readable(value.json), VALUE_LENGTH))];
  return Value.of(boundedLines(lines, SLACK_SECTION).trim() || NOTHING);
}

/** An embed of Discord has 25 fields, and 6,000 characters in all. */
const DISCORD_FIELDS = 25;
const DISCORD_LENGTH = 4_500;
/** A field must have a name and a value; blank ones count as none. */
const BLANK = '\u2014';

function discordFields(value: Value): Value {
  const fields: { name: string; value: string; inline: boolean }[] = [];
  const { first, count } = entriesOf(value, DISCORD_FIELDS) ?? { first: [], count: 0 };
  let length = 0;
  for (const [key, text] of first) {
    const field = {
      name: markdownEscaped(bounded(key, KEY_LENGTH)).trim() || BLANK,
      value: markdownEscaped(bounded(text, VALUE_LENGTH)).trim() || BLANK,
      inline: text.length <= 40,
    };
    length += field.name.length + field.value.length;
    const isFull = fields.length === DISCORD_FIELDS - 1 && count > DISCORD_FIELDS;
    if (isFull || length > DISCORD_LENGTH) {
      fields.push({ name: MORE, value: `${count - fields.length} more`, inline: false });
      break;
    }
    fields.push(field);
  }
  return Value.of(fields);
}

/** What has no members, as text; and whether there are more members than fields. */
function discordText(value: Value): Value {
  const entries = entriesOf(value, 1);
  if (entries === null) return Value.of(markdownEscaped(bounded(readable(value.json), VALUE_LENGTH)));
  return Value.of(entries.count === 0 ? NOTHING : '');
}

const TEAMS_FACTS = 20;
/** A message is refused above 28 KB (learn.microsoft.com/connectors/teams); the envelope and Teams' own share stay below the rest. */
const TEAMS_BYTES = 18_000;

function teamsFacts(value: Value): Value {
  const whole = { first: [['data', readable(value.json)] as const], count: 1 };
  const { first, count } = entriesOf(value, TEAMS_FACTS + 1) ?? whole;
  const facts: { title: string; value: string }[] = [];
  let bytes = 0;
  for (const [key, text] of first) {
    const fact = {
      title: markdownEscaped(bounded(key, KEY_LENGTH)),
      value: markdownEscaped(bounded(text, VALUE_LENGTH)).trim() || BLANK,
    };
    bytes += Buffer.byteLength(JSON.stringify(fact));
    if (facts.length === TEAMS_FACTS || bytes > TEAMS_BYTES) {
      facts.push({ title: MORE, value: `${count - facts.length} more` });
      break;
    }
    facts.push(fact);
  }
  return Value.of(facts.length > 0 ? facts : [{ title: 'data', value: NOTHING }]);
}

export const CHAT_FILTERS: Filters = {
  slack: { argument: 'none', apply: escapedBy(slackEscaped) },
  slack_lines: { argument: 'none', apply: slackLines },
  discord: { argument: 'none', apply: escapedBy(markdownEscaped) },
  discord_fields: { argument: 'none', apply: discordFields },
  discord_text: { argument: 'none', apply: discordText },
  teams: { argument: 'none', apply: escapedBy(markdownEscaped) },
  teams_facts: { argument: 'none', apply: teamsFacts },
};
