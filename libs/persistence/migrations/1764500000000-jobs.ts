import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Work that takes longer than a request: retries and replays of many deliveries. */
export class Jobs1764500000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`
      CREATE TABLE jobs (
        id text NOT NULL,
        tenant text NOT NULL,
        kind text NOT NULL,
        params jsonb NOT NULL,
        status text NOT NULL,
        total integer,
        done integer NOT NULL,
        skipped integer NOT NULL,
        cursor text,
        error text,
        actor text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        completed_at timestamptz(3),
        runner uuid,
        leased_until timestamptz(3),
        CONSTRAINT jobs_pkey PRIMARY KEY (id)
      )`);
    await run.query(`CREATE INDEX jobs_tenant_id ON jobs (tenant, id)`);
    await run.query(`CREATE INDEX jobs_open ON jobs (updated_at) WHERE status IN ('pending', 'running')`);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE jobs`);
  }
}
