import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a tenant gets whose name was only a word until now; as the API's own defaults were that day. */
const DEFINITION = `jsonb_build_object(
  'max_webhooks', null, 'strict_event_types', false, 'timeout_seconds', 30,
  'retry', '{"enabled":true,"count":3,"strategy":"exponential","initial_delay_seconds":1,"factor":2,
             "max_delay_seconds":60,"jitter":0.1,"schedule_seconds":[]}'::jsonb)`;

/** Tenants are rows with limits and defaults; `default` and whoever has webhooks already become some; keys; answers that are given again. */
export class TenantsAndKeys1763900000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    // Ids that people choose are unique in their tenant and among their kind only.
    await run.query(`
      ALTER TABLE ledger DROP CONSTRAINT ledger_aggregate_version,
        ADD CONSTRAINT ledger_aggregate_version UNIQUE (tenant, aggregate_type, aggregate_id, version)`);

    await run.query(`
      CREATE TABLE tenants (
        id text CONSTRAINT tenants_pkey PRIMARY KEY,
        version integer NOT NULL,
        name text NOT NULL,
        max_webhooks integer,
        strict_event_types boolean NOT NULL,
        timeout_seconds integer NOT NULL,
        retry jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL
      )`);
    await run.query(`
      INSERT INTO ledger (tenant, aggregate_type, aggregate_id, version, type, data, actor, at)
      SELECT id, 'tenant', id, 1, 'tenant.created', ${DEFINITION} || jsonb_build_object('name', id), 'tidings', now()
      FROM (SELECT 'default' AS id UNION SELECT tenant FROM webhooks) AS known
      ON CONFLICT DO NOTHING`);
    await run.query(`
      INSERT INTO tenants (id, version, name, max_webhooks, strict_event_types, timeout_seconds, retry,
                           created_at, updated_at)
      SELECT id, 1, id, null, false, (d->>'timeout_seconds')::integer, d->'retry', now(), now()
      FROM (SELECT 'default' AS id UNION SELECT tenant FROM webhooks) AS known, ${DEFINITION} AS d`);

    await run.query(`
      CREATE TABLE keys (
        tenant text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        hash bytea NOT NULL,
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT keys_pkey PRIMARY KEY (tenant, id),
        CONSTRAINT keys_id UNIQUE (id)
      )`);

    await run.query(`
      CREATE TABLE idempotency_keys (
        tenant text NOT NULL,
        key text NOT NULL,
        route text NOT NULL,
        request_hash bytea NOT NULL,
        holder uuid NOT NULL,
        held_until timestamptz(3) NOT NULL,
        answer text,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant, key, route)
      )`);
    await run.query(`CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at)`);

    // The relay follows more than webhooks now; how far it came stays true.
    await run.query(`UPDATE relay_positions SET relay = 'ledger' WHERE relay = 'webhooks'`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE idempotency_keys, keys, tenants`);
    await run.query(`UPDATE relay_positions SET relay = 'webhooks' WHERE relay = 'ledger'`);
    await run.query(`
      ALTER TABLE ledger DROP CONSTRAINT ledger_aggregate_version,
        ADD CONSTRAINT ledger_aggregate_version UNIQUE (aggregate_id, version)`);
  }
}
