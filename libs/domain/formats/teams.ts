import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/**
 * Microsoft Teams, as its Workflows take it: a message with one Adaptive Card;
 * at most 28 KB (learn.microsoft.com/connectors/teams, "Known issues and limitations with actions").
 */
export const teams: FormatDefinition = {
  ...PLAIN_FORMAT,
  description:
    "A card for a workflow of Microsoft Teams: the type as its title, the data's members as facts.",
  body: `{
  "type": "message",
  "attachments": [
    {
      "contentType": "application/vnd.microsoft.card.adaptive",
      "contentUrl": null,
      "content": {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
          { "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": "{{ type | title | teams }}" },
          { "type": "FactSet", "facts": {{ data | teams_facts }} },
          { "type": "TextBlock", "isSubtle": true, "size": "Small", "wrap": true, "text": "{{ type | teams }} · {{ timestamp | seconds }} · {{ id | teams }}" }
        ]
      }
    }
  ]
}`,
};
