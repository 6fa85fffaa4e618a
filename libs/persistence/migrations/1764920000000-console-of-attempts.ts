import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a webhook's transform wrote is kept with the attempt. */
export class ConsoleOfAttempts1764920000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE attempts ADD COLUMN console json`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE attempts DROP COLUMN console`);
  }
}
