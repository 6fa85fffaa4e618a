import type { WebhookTemplate } from '../webhook-template.js';

/**
 * PagerDuty documents no other place for the routing key than the body; the
 * header that it understands as well is its own affair (PagerDuty/pdpyras, pull
 * request 54). Summaries have 1,024 characters at most, and severities are these four.
 */
export const pagerduty: WebhookTemplate = {
  title: 'PagerDuty',
  description:
    'Opens an alert in PagerDuty for each event, by the Events API v2. PagerDuty wants its key in the body, so whoever may read the webhook sees it.',
  category: 'incidents',
  documentation: 'https://developer.pagerduty.com/docs/events-api-v2/trigger-events/',
  fields: [
    {
      name: 'routing_key',
      title: 'Integration key',
      description:
        'The key of an integration of the type Events API v2. Whoever may read the webhook sees it.',
      required: true,
      secret: false,
      example: '0123456789abcdef0123456789abcdef',
    },
  ],
  webhook: {
    url: 'https://events.pagerduty.com/v2/enqueue',
    format: {
      body: `{
  "routing_key": "<<routing_key>>",
  "event_action": "trigger",
  "dedup_key": {{ id }},
  "payload": {
    "summary": "{{ type | title }}: {{ data.summary | or: data.message | or: id | truncate: 700 }}",
    "source": "{{ data.source | or: metadata.source | or: tenant | truncate: 250 }}",
    "severity": "{{ data.severity | one_of: ["critical","error","warning","info"] | default: 'error' }}",
    "timestamp": {{ timestamp }},
    "class": {{ type }},
    "custom_details": { "data": {{ data }} }
  }
}`,
    },
  },
};
