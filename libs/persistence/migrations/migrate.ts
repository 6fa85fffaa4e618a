import type { DataSource } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';

/**
 * Brings the schema up to date. Replicas that start together take turns: the
 * first one migrates, the others wait and find nothing left to do.
 * @returns the names of the migrations that ran
 * @throws what PostgreSQL says when a migration fails; that migration is rolled back
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const session = dataSource.createQueryRunner();
  try {
    await session.query('SELECT pg_advisory_lock($1)', [LOCKS.migrations]);
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      await session.query('SELECT pg_advisory_unlock($1)', [LOCKS.migrations]);
    }
  } finally {
    await session.release();
  }
}

/**
 * The statements that would make the schema what the entities say; none when
 * migrations and entities agree. Changes nothing.
 */
export async function disagreements(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map((statement) => statement.query);
}
