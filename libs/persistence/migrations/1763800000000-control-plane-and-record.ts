import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people decided (ledger, webhooks, relay) and what happened (events, deliveries, attempts). */
export class ControlPlaneAndRecord1763800000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`
      CREATE TABLE ledger (
        seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_pkey PRIMARY KEY,
        txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        tenant text NOT NULL,
        aggregate_type text NOT NULL,
        aggregate_id text NOT NULL,
        version integer NOT NULL,
        type text NOT NULL,
        data jsonb NOT NULL,
        actor text NOT NULL,
        at timestamptz(3) NOT NULL,
        CONSTRAINT ledger_aggregate_version UNIQUE (aggregate_id, version)
      )`);
    await run.query(`CREATE INDEX ledger_txid_seq ON ledger (txid, seq)`);
    await run.query(`
      CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'The ledger is append-only: % is refused.', TG_OP USING ERRCODE = 'restrict_violation';
      END $$`);
    await run.query(`
      CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()`);

    await run.query(`
      CREATE TABLE webhooks (
        tenant text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        name text NOT NULL,
        url text NOT NULL,
        event_types text[] NOT NULL,
        status text NOT NULL,
        disabled_reason text,
        timeout_seconds integer NOT NULL,
        retry jsonb NOT NULL,
        secrets jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT webhooks_pkey PRIMARY KEY (tenant, id),
        CONSTRAINT webhooks_tenant_name UNIQUE (tenant, name)
      )`);

    await run.query(`
      CREATE TABLE relay_positions (
        relay text CONSTRAINT relay_positions_pkey PRIMARY KEY,
        txid xid8 NOT NULL,
        seq bigint NOT NULL,
        moved_at timestamptz(3) NOT NULL
      ) WITH (fillfactor = 50)`);

    await run.query(`
      CREATE TABLE events (
        tenant text NOT NULL,
        id text NOT NULL,
        accepted_at timestamptz(3) NOT NULL,
        type text NOT NULL,
        timestamp text NOT NULL,
        data text,
        metadata text,
        sequence bigint NOT NULL,
        status text NOT NULL,
        reason text,
        match_count integer NOT NULL,
        CONSTRAINT events_pkey PRIMARY KEY (tenant, id, accepted_at)
      ) PARTITION BY RANGE (accepted_at)`);
    await run.query(`CREATE INDEX events_tenant_accepted_at ON events (tenant, accepted_at)`);

    await run.query(`
      CREATE TABLE deliveries (
        id text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        tenant text NOT NULL,
        event_id text NOT NULL,
        event_type text NOT NULL,
        webhook_id text NOT NULL,
        status text NOT NULL,
        attempt_count integer NOT NULL,
        next_attempt_at timestamptz(3),
        completed_at timestamptz(3),
        reason text,
        status_code integer,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT deliveries_pkey PRIMARY KEY (id, created_at)
      ) PARTITION BY RANGE (created_at)`);
    await run.query(`CREATE INDEX deliveries_tenant_id ON deliveries (tenant, id)`);
    await run.query(`CREATE INDEX deliveries_tenant_webhook_id ON deliveries (tenant, webhook_id, id)`);
    await run.query(`CREATE INDEX deliveries_tenant_event_id ON deliveries (tenant, event_id)`);

    await run.query(`
      CREATE TABLE attempts (
        delivery_id text NOT NULL,
        id text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        tenant text NOT NULL,
        number integer NOT NULL,
        trigger text NOT NULL,
        started_at timestamptz(3) NOT NULL,
        duration_ms integer NOT NULL,
        method text NOT NULL,
        url text NOT NULL,
        request_headers json NOT NULL,
        request_body text NOT NULL,
        response_status integer,
        response_headers json,
        response_body text,
        response_truncated boolean NOT NULL,
        error_kind text,
        error_message text,
        CONSTRAINT attempts_pkey PRIMARY KEY (delivery_id, id, created_at)
      ) PARTITION BY RANGE (created_at)`);

    // Bodies are compressed several times faster by lz4, but not every build of PostgreSQL has it
    // (the embedded one does not). Partitions take the setting over from these tables.
    await run.query(`
      DO $$ BEGIN
        ALTER TABLE events ALTER COLUMN data SET COMPRESSION lz4, ALTER COLUMN metadata SET COMPRESSION lz4;
        ALTER TABLE attempts ALTER COLUMN request_body SET COMPRESSION lz4,
          ALTER COLUMN response_body SET COMPRESSION lz4;
      EXCEPTION WHEN feature_not_supported THEN NULL;
      END $$`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE attempts, deliveries, events, relay_positions, webhooks, ledger`);
    await run.query(`DROP FUNCTION ledger_is_append_only`);
  }
}
