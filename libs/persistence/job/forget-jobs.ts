import type { DataSource } from 'typeorm';

/** Removes jobs that ended before some time, a portion at a time. @returns how many */
export async function forgetJobs(dataSource: DataSource, before: Date, portion = 5_000): Promise<number> {
  const [, gone] = await dataSource.query<[unknown, number]>(
    `DELETE FROM jobs WHERE ctid = ANY(ARRAY(SELECT ctid FROM jobs WHERE completed_at < $1 LIMIT $2))`,
    [before, portion],
  );
  return gone;
}
