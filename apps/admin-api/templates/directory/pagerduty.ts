import { credential, type WebhookTemplate } from '../webhook-template.js';

/** The routing key goes in a header, as PagerDuty's own client sends it: in the body everybody could read it. */
export const pagerduty: WebhookTemplate = {
  title: 'PagerDuty',
  description: 'Opens an alert in PagerDuty for each event, by the Events API v2.',
  category: 'incidents',
  documentation: 'https://developer.pagerduty.com/docs/events-api-v2/trigger-events/',
  fields: [
    credential(
      'routing_key',
      'Integration key',
      'The key of an integration of the type Events API v2.',
      '0123456789abcdef0123456789abcdef',
    ),
  ],
  webhook: {
    url: 'https://events.pagerduty.com/v2/enqueue',
    auth: { type: 'api_key', key: '<<routing_key>>', header_name: 'X-Routing-Key' },
    format: {
      body: `{
  "event_action": "trigger",
  "dedup_key": "{{ id | truncate: 255 }}",
  "payload": {
    "summary": "{{ data.summary | or: data.message | default: '' }} ({{ type }})",
    "source": "{{ data.source | or: metadata.source | or: tenant }}",
    "severity": "{{ data.severity | default: 'error' }}",
    "timestamp": {{ timestamp }},
    "class": {{ type }},
    "custom_details": {{ data }}
  }
}`,
    },
  },
};
