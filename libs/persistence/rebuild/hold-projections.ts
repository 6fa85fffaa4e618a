import type { DataSource } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';

/**
 * Does something while no projection writes: those that have begun are waited
 * for, and others wait. To be short.
 * @throws what the work throws, and what the driver says
 */
export async function holdProjections<Result>(
  live: DataSource,
  work: () => Promise<Result>,
): Promise<Result> {
  const session = live.createQueryRunner();
  try {
    await session.query('SELECT pg_advisory_lock($1)', [LOCKS.projection]);
    try {
      return await work();
    } finally {
      await session.query('SELECT pg_advisory_unlock($1)', [LOCKS.projection]);
    }
  } finally {
    await session.release();
  }
}
