import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/**
 * Discord's webhooks, as one embed: a title of at most 256 characters, 25 fields,
 * 6,000 characters together (docs.discord.com/developers/resources/message).
 * No mention in an event calls anybody.
 */
export const discord: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: "A message for a webhook of Discord: the type as its title, the data's members as fields.",
  body: `{
  "content": "",
  "allowed_mentions": { "parse": [] },
  "embeds": [
    {
      "title": "{{ type | title | discord | truncate: 256 }}",
      "description": "{{ data | discord_text }}",
      "fields": {{ data | discord_fields }},
      "footer": { "text": "{{ type | truncate: 200 }} · {{ id }}" },
      "timestamp": {{ timestamp }}
    }
  ]
}`,
};
