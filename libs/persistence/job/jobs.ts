import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { JobRow, type JobStatus } from './job-row.js';

export type NewJob = Pick<JobRow, 'id' | 'tenant' | 'kind' | 'params' | 'actor'>;

/** Writes a job down; whoever runs jobs finds it. */
export async function createJob(dataSource: DataSource, job: NewJob): Promise<JobRow> {
  const now = new Date();
  const row: JobRow = {
    ...job,
    status: 'pending',
    total: null,
    done: 0,
    skipped: 0,
    cursor: null,
    error: null,
    created_at: now,
    updated_at: now,
    completed_at: null,
    runner: null,
    leased_until: null,
  };
  await dataSource.manager.insert(JobRow, row as never);
  return row;
}

/** A tenant's job; null when the tenant has none with this id. */
export async function findJob(dataSource: DataSource, tenant: TenantId, id: string): Promise<JobRow | null> {
  return dataSource.manager.findOneBy(JobRow, { tenant, id });
}

export interface JobFilter {
  status?: JobStatus | undefined;
}

/**
 * A tenant's jobs, newest first.
 * @throws CursorError
 */
export async function listJobs(
  dataSource: DataSource,
  tenant: TenantId,
  { status }: JobFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<JobRow>> {
  const query = dataSource.manager
    .createQueryBuilder(JobRow, 'job')
    .where('job.tenant = :tenant', { tenant })
    .orderBy('job.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('jobs', cursor, 1)?.[0];
  if (after !== undefined) query.andWhere('job.id < :after', { after });
  if (status) query.andWhere('job.status = :status', { status });
  return pageOf('jobs', await query.getMany(), limit, (row) => [row.id]);
}

/**
 * Ends a job that has not ended. Whoever works on it finishes its page and stops.
 * @returns whether it had not ended
 */
export async function cancelJob(dataSource: DataSource, tenant: TenantId, id: string): Promise<boolean> {
  const [, count]: [unknown[], number] = await dataSource.query(
    `UPDATE jobs SET status = 'cancelled', updated_at = now(), completed_at = now()
     WHERE tenant = $1 AND id = $2 AND status IN ('pending', 'running')`,
    [tenant, id],
  );
  return count > 0;
}
