import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';

/** A job that has just begun, and one that goes on. */
export const newJob = {
  id: 'job_01kfw3v2m0w5tq8h3d6n9r4c7e',
  kind: 'webhook_replay',
  params: {
    webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
    only: 'failed',
    since: '2026-01-30T00:00:00.000Z',
    until: '2026-01-31T12:00:00.000Z',
  },
  status: 'pending',
  total: null,
  done: 0,
  skipped: 0,
  error: null,
  actor: 'key_01kfw3v2m0w5tq8h3d6n9r4c7e',
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
  completed_at: null,
};
const job = {
  ...newJob,
  status: 'running',
  total: 12_000,
  done: 4_000,
  updated_at: '2026-01-31T12:00:04.000Z',
};

export const jobPaths: PathExamples = { id: job.id };

export const jobNotes: OperationNotes = {
  'Jobs.list': { id: 'listJobs', summary: 'List jobs', answer: { data: [job], next_cursor: null } },
  'Jobs.read': { id: 'readJob', summary: 'Read how far a job is', answer: job },
  'Jobs.cancel': {
    id: 'cancelJob',
    summary: 'Cancel a job; what it has brought back already is delivered',
    answer: { ...job, status: 'cancelled', completed_at: '2026-01-31T12:00:04.000Z' },
  },
};
