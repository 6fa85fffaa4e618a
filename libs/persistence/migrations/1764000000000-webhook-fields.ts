import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks get labels, a method, headers, auth, a filter, and a secret that can be replaced. */
export class WebhookFields1764000000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    // The defaults are for the rows that there are; new ones always say.
    await run.query(`
      ALTER TABLE webhooks
        ADD COLUMN description text NOT NULL DEFAULT '',
        ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
        ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN method text NOT NULL DEFAULT 'POST',
        ADD COLUMN filter jsonb,
        ADD COLUMN headers jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN auth jsonb NOT NULL DEFAULT '{"type":"none"}',
        ADD COLUMN credentials jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN secret_number integer NOT NULL DEFAULT 1,
        ADD COLUMN retiring_secrets jsonb NOT NULL DEFAULT '[]'`);
    await run.query(`
      ALTER TABLE webhooks
        ALTER COLUMN description DROP DEFAULT,
        ALTER COLUMN tags DROP DEFAULT,
        ALTER COLUMN metadata DROP DEFAULT,
        ALTER COLUMN method DROP DEFAULT,
        ALTER COLUMN headers DROP DEFAULT,
        ALTER COLUMN auth DROP DEFAULT,
        ALTER COLUMN credentials DROP DEFAULT,
        ALTER COLUMN secret_number DROP DEFAULT,
        ALTER COLUMN retiring_secrets DROP DEFAULT`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`
      ALTER TABLE webhooks
        DROP COLUMN description, DROP COLUMN tags, DROP COLUMN metadata, DROP COLUMN method, DROP COLUMN filter,
        DROP COLUMN headers, DROP COLUMN auth, DROP COLUMN credentials, DROP COLUMN secret_number,
        DROP COLUMN retiring_secrets`);
  }
}
