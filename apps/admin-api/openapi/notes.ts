import { deliveryNotes } from '../deliveries/delivery-notes.js';
import { eventTypeNotes } from '../event-types/event-type-notes.js';
import { eventNotes } from '../events/event-notes.js';
import { keyNotes } from '../keys/key-notes.js';
import { tenantNotes } from '../tenants/tenant-notes.js';
import { webhookNotes } from '../webhooks/webhook-notes.js';
import type { OperationNote, OperationNotes } from './operation-note.js';

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
  ...opsNotes,
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
