import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks get a format, a transform and a pace, tenants their other limits. */
export class EveryField1764300000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    // The defaults are for the rows that there are; new ones always say.
    await run.query(`
      ALTER TABLE webhooks
        ADD COLUMN format jsonb NOT NULL DEFAULT '"standard"',
        ADD COLUMN transform text,
        ADD COLUMN rate_limit jsonb,
        ADD COLUMN concurrency integer NOT NULL DEFAULT 16,
        ADD COLUMN ordered boolean NOT NULL DEFAULT false`);
    await run.query(`
      ALTER TABLE webhooks
        ALTER COLUMN format DROP DEFAULT,
        ALTER COLUMN concurrency DROP DEFAULT,
        ALTER COLUMN ordered DROP DEFAULT`);
    await run.query(`
      ALTER TABLE tenants
        ADD COLUMN max_deliveries_per_hour_per_webhook integer,
        ADD COLUMN retention_days integer,
        ADD COLUMN auto_disable jsonb`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`
      ALTER TABLE tenants
        DROP COLUMN max_deliveries_per_hour_per_webhook, DROP COLUMN retention_days, DROP COLUMN auto_disable`);
    await run.query(`
      ALTER TABLE webhooks
        DROP COLUMN format, DROP COLUMN transform, DROP COLUMN rate_limit, DROP COLUMN concurrency,
        DROP COLUMN ordered`);
  }
}
