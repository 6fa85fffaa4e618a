import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/**
 * Slack's incoming webhooks, in blocks: a header of at most 150 characters, a
 * section of at most 3,000 (docs.slack.dev/reference/block-kit/blocks). What an
 * event says is verbatim: Slack looks for no names of people or channels in it
 * (docs.slack.dev/reference/block-kit/composition-objects/text-object).
 */
export const slack: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'A message for an incoming webhook of Slack: the type as its title, the data line by line.',
  body: `{
  "text": "{{ type | title | slack }}",
  "blocks": [
    { "type": "header", "text": { "type": "plain_text", "text": "{{ type | title | truncate: 150 }}" } },
    { "type": "section", "text": { "type": "mrkdwn", "text": "{{ data | slack_lines }}", "verbatim": true } },
    { "type": "context", "elements": [
      { "type": "mrkdwn", "text": "\`{{ type | truncate: 200 }}\` · {{ timestamp | seconds }} · {{ id | slack }}" }
    ] }
  ]
}`,
};
