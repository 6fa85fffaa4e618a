import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Receivers, who know a webhook by its id and not whose it is, ask for its public keys. */
export class WebhooksById1764910000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`CREATE INDEX webhooks_id ON webhooks (id)`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP INDEX webhooks_id`);
  }
}
