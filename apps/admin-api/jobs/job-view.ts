import type { JobRow } from '#persistence';
import type { JobView } from './job-schemas.js';

export function jobViewOf(row: JobRow): JobView {
  const { id, kind, params, status, total, done, skipped, error, actor } = row;
  return {
    ...{ id, params, status, total, done, skipped, error, actor },
    kind: kind as JobView['kind'],
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
  };
}
