import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tenants may ask that receivers agree first; webhooks know whether theirs did. */
export class Ownership1764900000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    // Nobody asked for a proof of what there is.
    await run.query(`ALTER TABLE webhooks ADD COLUMN ownership jsonb`);
    await run.query(`ALTER TABLE tenants ADD COLUMN ownership_check text`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE tenants DROP COLUMN ownership_check`);
    await run.query(`ALTER TABLE webhooks DROP COLUMN ownership`);
  }
}
