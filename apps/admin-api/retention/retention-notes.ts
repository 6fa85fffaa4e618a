import type { OperationNotes } from '../openapi/operation-note.js';

export const retentionNotes: OperationNotes = {
  'Retention.read': {
    id: 'readRetention',
    summary: 'See for how long the record is kept, and what goes next',
    answer: {
      retention_days: 30,
      kept_since: '2026-01-01T00:00:00.000Z',
      next: {
        day: '2026-01-01',
        goes_at: '2026-02-01T00:00:00.000Z',
        events: 12_000,
        deliveries: 24_000,
        open: 3,
      },
    },
  },
};
