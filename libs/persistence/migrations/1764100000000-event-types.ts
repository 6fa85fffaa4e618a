import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The catalogues of event types, and events found by their type. */
export class EventTypes1764100000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`
      CREATE TABLE event_types (
        tenant text NOT NULL,
        name text NOT NULL,
        version integer NOT NULL,
        description text NOT NULL,
        schema json,
        example json,
        archived boolean NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT event_types_pkey PRIMARY KEY (tenant, name)
      )`);
    await run.query(`CREATE INDEX event_types_tenant_created_at ON event_types (tenant, created_at, name)`);
    await run.query(`CREATE INDEX events_tenant_type_accepted_at ON events (tenant, type, accepted_at)`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP INDEX events_tenant_type_accepted_at`);
    await run.query(`DROP TABLE event_types`);
  }
}
