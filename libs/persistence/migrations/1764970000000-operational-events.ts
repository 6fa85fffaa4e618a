import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operational events and e-mail: who is told, what is to be told, and which webhooks are in trouble. */
export class OperationalEvents1764970000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`ALTER TABLE tenants ADD COLUMN contacts text[] NOT NULL DEFAULT '{}'`);
    await run.query(`
      CREATE TABLE webhook_troubles (
        webhook_id text CONSTRAINT webhook_troubles_pkey PRIMARY KEY,
        tenant text NOT NULL,
        disabled boolean NOT NULL,
        since timestamptz(3) NOT NULL,
        last_at timestamptz(3) NOT NULL
      )`);
    await run.query(`
      CREATE TABLE operational_notices (
        tenant text NOT NULL,
        type text NOT NULL,
        webhook_id text NOT NULL,
        count integer NOT NULL,
        first_at timestamptz(3) NOT NULL,
        last_at timestamptz(3) NOT NULL,
        detail text NOT NULL,
        last_sequence bigint NOT NULL,
        noted_at timestamptz(3) NOT NULL,
        CONSTRAINT operational_notices_pkey PRIMARY KEY (tenant, type, webhook_id)
      )`);
    await run.query(`
      CREATE TABLE tenant_mails (
        tenant text CONSTRAINT tenant_mails_pkey PRIMARY KEY,
        composed_at timestamptz(3) NOT NULL,
        mail jsonb,
        tries integer NOT NULL,
        next_try_at timestamptz(3) NOT NULL
      )`);
    // What was decided before there were operational events is no news.
    await run.query(`
      INSERT INTO relay_positions (relay, txid, seq, moved_at)
      VALUES ('operational_events', pg_snapshot_xmin(pg_current_snapshot()), 0, now())`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DELETE FROM relay_positions WHERE relay = 'operational_events'`);
    await run.query(`DROP TABLE tenant_mails, operational_notices, webhook_troubles`);
    await run.query(`ALTER TABLE tenants DROP COLUMN contacts`);
  }
}
