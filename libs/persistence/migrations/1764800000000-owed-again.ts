import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A delivery knows when it was brought back. */
export class OwedAgain1764800000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    // Reaches all partitions, and rewrites none: null is what every row has that nobody brought back.
    await run.query(`ALTER TABLE deliveries ADD COLUMN owed_at timestamptz(3)`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE deliveries DROP COLUMN owed_at`);
  }
}
