import { deliveryNotes, deliveryPaths } from '../deliveries/delivery-notes.js';
import { eventTypeNotes, eventTypePaths } from '../event-types/event-type-notes.js';
import { eventNotes, eventPaths } from '../events/event-notes.js';
import { exportNotes } from '../exports/export-notes.js';
import { feedNotes } from '../live-feed/feed-notes.js';
import { jobNotes, jobPaths } from '../jobs/job-notes.js';
import { keyNotes, keyPaths } from '../keys/key-notes.js';
import { previewNotes } from '../previews/preview-notes.js';
import { replayNotes } from '../replays/replay-notes.js';
import { retentionNotes } from '../retention/retention-notes.js';
import { statisticsNotes } from '../statistics/statistics-notes.js';
import { systemNotes } from '../system/system-notes.js';
import { templateNotes, templatePaths } from '../templates/template-notes.js';
import { tenantNotes, tenantPaths } from '../tenants/tenant-notes.js';
import { testNotes } from '../trials/test-notes.js';
import { webhookNotes, webhookPaths } from '../webhooks/webhook-notes.js';
import type { OperationNote, OperationNotes, PathExamples } from './operation-note.js';

const opsNotes: OperationNotes = {
  'Health.live': { id: 'live', summary: 'Whether the process runs' },
  'Health.ready': { id: 'ready', summary: 'Whether it can serve, each dependency by its name' },
  'Metrics.metrics': { id: 'metrics', summary: 'Metrics, as Prometheus reads them' },
};

/** The notes of every operation; `docs/openapi.json` and its spec go by them. */
const NOTES: OperationNotes = {
  ...tenantNotes,
  ...keyNotes,
  ...webhookNotes,
  ...eventTypeNotes,
  ...eventNotes,
  ...deliveryNotes,
  ...feedNotes,
  ...replayNotes,
  ...testNotes,
  ...previewNotes,
  ...templateNotes,
  ...statisticsNotes,
  ...jobNotes,
  ...systemNotes,
  ...exportNotes,
  ...retentionNotes,
  ...opsNotes,
};

/** Of each resource, by the name under /api/v1/. */
const PATHS: Record<string, PathExamples> = {
  tenants: tenantPaths,
  keys: keyPaths,
  webhooks: webhookPaths,
  'event-types': eventTypePaths,
  events: eventPaths,
  deliveries: deliveryPaths,
  jobs: jobPaths,
  templates: templatePaths,
};

const byId = new Map(Object.values(NOTES).map((note) => [note.id, note]));

/** @returns the id of an operation; that of one without a note tells where the note is missing */
export function operationId(controller: string, method: string): string {
  const name = `${controller.replace('Controller', '')}.${method}`;
  return NOTES[name]?.id ?? name;
}

export function noteOf(id: string): OperationNote | undefined {
  return byId.get(id);
}

/** What may stand in a place of a path such as `/api/v1/webhooks/{id}`. */
export function pathExample(path: string, place: string): string | undefined {
  return PATHS[path.split('/')[3] ?? '']?.[place];
}
