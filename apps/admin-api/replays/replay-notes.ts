import { newJob } from '../jobs/job-notes.js';
import type { OperationNotes } from '../openapi/operation-note.js';

export const replayNotes: OperationNotes = {
  'EventReplays.replay': {
    id: 'replayEvent',
    summary: 'Deliver an event again, to all webhooks that would receive it now or to one',
    body: { dry_run: true },
    answer: { count: 1 },
    alsoAnswers: { 202: { deliveries: ['dlv_01kfw3v2m0w5tq8h3d6n9r4c7e'], count: 1, skipped: 0 } },
  },
  'WebhookReplays.replay': {
    id: 'replayWebhook',
    summary: 'Deliver to a webhook again what happened in a range of time',
    body: { since: '2026-01-30T00:00:00Z', until: '2026-01-31T12:00:00Z', only: 'missing', dry_run: true },
    answer: { count: 12_000 },
    alsoAnswers: { 202: { ...newJob, params: { ...newJob.params, only: 'missing' } } },
  },
};
