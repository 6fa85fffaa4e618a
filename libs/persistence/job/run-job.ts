import type { DataSource } from 'typeorm';
import { JobRow, type JobStatus } from './job-row.js';

/** What a runner has of a job while it holds the lease. */
export interface Lease {
  job: string;
  runner: string;
}

/** What came of a page. */
export interface Progress {
  /** Up to where it is through now. */
  cursor: string | null;
  done: number;
  skipped: number;
  /** Whether that was the last page. */
  ended: boolean;
}

/**
 * Takes the job that has waited longest of those that nobody works on: new
 * ones, and those whose runner is gone. Of any number of runners, one has it.
 * @param runner a UUID that no other runner has
 * @param leaseMs after which another runner may take it, unless it is renewed
 */
export async function takeJob(
  dataSource: DataSource,
  runner: string,
  leaseMs: number,
): Promise<JobRow | undefined> {
  const [taken]: [{ id: string }[], number] = await dataSource.query(
    `UPDATE jobs SET status = 'running', runner = $1, leased_until = now() + $2::interval, updated_at = now()
     WHERE id = (SELECT id FROM jobs
                 WHERE status IN ('pending', 'running') AND (leased_until IS NULL OR leased_until < now())
                 ORDER BY updated_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id`,
    [runner, interval(leaseMs)],
  );
  const id = taken[0]?.id;
  if (id === undefined) return undefined;
  return (await dataSource.manager.findOneBy(JobRow, { id, runner, status: 'running' })) ?? undefined;
}

/** Says that the runner still works on it. */
export async function renewLease(
  dataSource: DataSource,
  { job, runner }: Lease,
  leaseMs: number,
): Promise<void> {
  await dataSource.query(
    `UPDATE jobs SET leased_until = now() + $3::interval WHERE id = $1 AND runner = $2 AND status = 'running'`,
    [job, runner, interval(leaseMs)],
  );
}

/** Keeps how many deliveries a job is about. @returns whether it is still the runner's to do */
export async function keepTotal(
  dataSource: DataSource,
  { job, runner }: Lease,
  total: number,
): Promise<boolean> {
  const [, count]: [unknown[], number] = await dataSource.query(
    `UPDATE jobs SET total = $3, updated_at = now() WHERE id = $1 AND runner = $2 AND status = 'running'`,
    [job, runner, total],
  );
  return count > 0;
}

/**
 * Keeps what came of a page, also of one during which the job was cancelled.
 * @returns whether there is more to do for this runner
 */
export async function keepProgress(
  dataSource: DataSource,
  { job, runner }: Lease,
  { cursor, done, skipped, ended }: Progress,
): Promise<boolean> {
  const [rows]: [{ status: JobStatus }[], number] = await dataSource.query(
    `UPDATE jobs SET cursor = $3, done = done + $4, skipped = skipped + $5, updated_at = now(),
       completed_at = CASE WHEN $6 AND status = 'running' THEN now() ELSE completed_at END,
       status = CASE WHEN $6 AND status = 'running' THEN 'done' ELSE status END
     WHERE id = $1 AND runner = $2 AND status IN ('running', 'cancelled')
     RETURNING status`,
    [job, runner, cursor, done, skipped, ended],
  );
  return rows[0]?.status === 'running';
}

/** Lets go of a job that has more to do; it goes behind all others that wait. */
export async function letJobGo(dataSource: DataSource, { job, runner }: Lease): Promise<void> {
  await dataSource.query(
    `UPDATE jobs SET leased_until = NULL, updated_at = now() WHERE id = $1 AND runner = $2 AND status = 'running'`,
    [job, runner],
  );
}

/** Ends a job that cannot go on. @param error why, a code */
export async function failJob(dataSource: DataSource, { job, runner }: Lease, error: string): Promise<void> {
  await dataSource.query(
    `UPDATE jobs SET status = 'failed', error = $3, updated_at = now(), completed_at = now()
     WHERE id = $1 AND runner = $2 AND status = 'running'`,
    [job, runner, error],
  );
}

function interval(ms: number): string {
  return `${ms} milliseconds`;
}
