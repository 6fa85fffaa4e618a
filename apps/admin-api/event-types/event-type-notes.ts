import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';

const definition = {
  description: 'An order has been paid in full.',
  schema: {
    type: 'object',
    required: ['total'],
    properties: { total: { type: 'number', exclusiveMinimum: 0 } },
  },
  example: { total: 120 },
  archived: false,
};
const eventType = {
  name: 'order.paid',
  ...definition,
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
};

export const eventTypePaths: PathExamples = { name: eventType.name };

export const eventTypeNotes: OperationNotes = {
  'EventTypes.create': {
    id: 'createEventType',
    versioned: true,
    summary: 'Declare an event type',
    body: { name: 'order.paid', ...definition },
    answer: eventType,
  },
  'EventTypes.import': {
    id: 'importEventTypes',
    summary: 'Import a catalogue, or the events of an OpenAPI or AsyncAPI document',
    body: { source: { event_types: [{ name: 'order.paid', ...definition }] }, dry_run: true },
    yaml: { event_types: [{ name: 'order.paid', ...definition }] },
    answer: {
      format: 'tidings',
      dry_run: true,
      created: [],
      changed: [{ name: 'order.paid', fields: ['description'] }],
      unchanged: [],
      failed: [],
    },
  },
  'EventTypes.list': {
    id: 'listEventTypes',
    summary: "List the tenant's catalogue",
    answer: { data: [eventType], next_cursor: null },
  },
  'EventTypes.read': {
    id: 'readEventType',
    versioned: true,
    summary: 'Read an event type',
    answer: eventType,
  },
  'EventTypes.replace': {
    id: 'replaceEventType',
    versioned: true,
    summary: 'Replace an event type',
    body: definition,
    answer: eventType,
  },
  'EventTypes.patch': {
    id: 'patchEventType',
    versioned: true,
    summary: 'Change some of an event type, such as archive it',
    body: { archived: true },
    answer: { ...eventType, archived: true },
  },
  'EventTypes.delete': { id: 'deleteEventType', summary: 'Delete an event type' },
};
