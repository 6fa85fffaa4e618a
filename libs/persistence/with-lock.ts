import type { DataSource } from 'typeorm';
import { LOCKS } from './advisory-locks.js';

/**
 * Does something that one replica at a time is to do: nothing where another one
 * is at it. The lock goes with the connection, so a replica that dies leaves none.
 * @returns whether it was done
 * @throws what the work throws, and what the driver says
 */
export async function withLock(
  dataSource: DataSource,
  lock: keyof typeof LOCKS,
  work: () => Promise<void>,
): Promise<boolean> {
  const session = dataSource.createQueryRunner();
  try {
    const [row] = (await session.query('SELECT pg_try_advisory_lock($1) AS held', [LOCKS[lock]])) as {
      held: boolean;
    }[];
    if (!row?.held) return false;
    try {
      await work();
      return true;
    } finally {
      await session.query('SELECT pg_advisory_unlock($1)', [LOCKS[lock]]);
    }
  } finally {
    await session.release();
  }
}
