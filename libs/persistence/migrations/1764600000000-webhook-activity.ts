import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks know since when they stand as they do, and what was lately seen of each is kept. */
export class WebhookActivity1764600000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE webhooks ADD COLUMN standing_since timestamptz(3)`);
    // As evolveWebhook works it out from the same entries.
    await run.query(`
      UPDATE webhooks w SET standing_since = coalesce(
        (SELECT max(l.at) FROM ledger l
          WHERE l.tenant = w.tenant AND l.aggregate_type = 'webhook' AND l.aggregate_id = w.id
            AND (l.type IN ('webhook.created', 'webhook.paused', 'webhook.resumed')
              OR l.type = 'webhook.changed' AND l.data ? 'url')),
        w.created_at)`);
    await run.query(`ALTER TABLE webhooks ALTER COLUMN standing_since SET NOT NULL`);
    // Every row is written again and again: room in its page keeps that out of the index.
    await run.query(`
      CREATE TABLE webhook_activity (
        webhook_id text CONSTRAINT webhook_activity_pkey PRIMARY KEY,
        tenant text NOT NULL,
        last_attempt_at timestamptz(3) NOT NULL,
        last_success_at timestamptz(3),
        last_failure_at timestamptz(3),
        failing_since timestamptz(3)
      ) WITH (fillfactor = 50)`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE webhook_activity`);
    await run.query(`ALTER TABLE webhooks DROP COLUMN standing_since`);
  }
}
