import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deliveries that have not ended, as batches left them: what the reconciler looks at. */
export class LeftOpen1764700000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`
      CREATE TABLE left_open (
        seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT left_open_pkey PRIMARY KEY,
        check_at timestamptz(3) NOT NULL,
        deliveries text[] NOT NULL,
        seen bigint[] NOT NULL
      )`);
    // Ids hardly compress, and an array is read as a whole: EXTERNAL saves the trying.
    await run.query(`
      ALTER TABLE left_open ALTER COLUMN deliveries SET STORAGE EXTERNAL, ALTER COLUMN seen SET STORAGE EXTERNAL`);
    // What an earlier version left open.
    await run.query(`
      INSERT INTO left_open (check_at, deliveries, seen)
      SELECT now(), array_agg(id), array_agg((extract(epoch FROM updated_at) * 1000)::bigint)
        FROM (SELECT id, updated_at, row_number() OVER () / 2000 AS portion
                FROM deliveries WHERE status IN ('pending', 'retrying')) AS open
       GROUP BY portion`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE left_open`);
  }
}
