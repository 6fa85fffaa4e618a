import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Statistics: tallies, and what the projection writes down for them; what is on record already is counted. */
export class Statistics1764930000000 implements MigrationInterface {
  async up(run: QueryRunner): Promise<void> {
    await run.query(`
      CREATE TABLE tallies (
        tenant text NOT NULL,
        webhook_id text NOT NULL,
        event_type text NOT NULL,
        starts_at timestamptz(3) NOT NULL,
        counts json NOT NULL,
        succeeded integer NOT NULL,
        failed integer NOT NULL,
        retrying integer NOT NULL,
        last_attempt_at timestamptz(3),
        CONSTRAINT tallies_pkey PRIMARY KEY (tenant, webhook_id, event_type, starts_at)
      ) PARTITION BY RANGE (starts_at)`);
    await run.query(`
      CREATE INDEX tallies_failed ON tallies (tenant, event_type, starts_at, webhook_id, failed)
       WHERE failed > 0 AND webhook_id <> ''`);
    await run.query(`
      CREATE INDEX tallies_retrying ON tallies (tenant, webhook_id, event_type, retrying) WHERE retrying > 0`);
    await run.query(`
      CREATE TABLE minute_tallies (
        tenant text NOT NULL,
        webhook_id text NOT NULL,
        starts_at timestamptz(3) NOT NULL,
        counts json NOT NULL,
        succeeded integer NOT NULL,
        failed integer NOT NULL,
        CONSTRAINT minute_tallies_pkey PRIMARY KEY (tenant, webhook_id, starts_at)
      ) PARTITION BY RANGE (starts_at)`);
    await run.query(`
      CREATE TABLE tally_deltas (
        seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT tally_deltas_pkey PRIMARY KEY,
        written_at timestamptz(3) NOT NULL DEFAULT now(),
        body json NOT NULL
      )`);
    // A row lives for a second: compressing it costs more than it saves.
    await run.query(`ALTER TABLE tally_deltas ALTER COLUMN body SET STORAGE EXTERNAL`);
    await this.countWhatIsThere(run);
  }

  async down(run: QueryRunner): Promise<void> {
    await run.query(`DROP TABLE tally_deltas, minute_tallies, tallies`);
  }

  /** As deltasOf (statistics/deltas-of-batch.ts) would have, but by the hour where minutes are kept no more. */
  private async countWhatIsThere(run: QueryRunner): Promise<void> {
    await run.query(`
      INSERT INTO tally_deltas (body)
      WITH counted AS (
        SELECT tenant, '' AS webhook, type, accepted_at AS at, NULL::timestamptz AS attempt_at, name
          FROM events
         CROSS JOIN LATERAL unnest(
               CASE WHEN status = 'rejected' THEN ARRAY['events.rejected']
                    WHEN match_count = 0 THEN ARRAY['events', 'events.unmatched']
                    ELSE ARRAY['events'] END) AS name
        UNION ALL
        SELECT tenant, webhook_id, event_type, created_at, NULL, 'deliveries.' || status
          FROM deliveries
        UNION ALL
        SELECT a.tenant, d.webhook_id, d.event_type, a.started_at, CASE WHEN name <> 'attempts.dropped' THEN a.started_at END, name
          FROM attempts a
          JOIN deliveries d ON d.id = a.delivery_id AND d.created_at = a.created_at
         CROSS JOIN LATERAL unnest(
               CASE WHEN a.response_status IS NULL AND a.error_kind IS NULL THEN ARRAY['attempts.dropped']
                    ELSE ARRAY[CASE WHEN a.error_kind IS NULL THEN 'attempts.success' ELSE 'attempts.failed' END,
                               CASE WHEN a.trigger = 'test' THEN 'attempts.test' END,
                               'status.' || a.response_status,
                               'error.' || a.error_kind,
                               CASE WHEN a.duration_ms < 1 THEN 'latency.0ms'
                                    ELSE 'latency.' || floor(8 * log(2.0, a.duration_ms) + 1e-9) END]
                    END) AS name
         WHERE name IS NOT NULL),
      summed AS (
        SELECT tenant, webhook, type, minute, name, count(*) AS count, max(attempt_at) AS last
          FROM counted
         CROSS JOIN LATERAL (
               SELECT floor(extract(epoch FROM date_trunc(
                        CASE WHEN at < date_trunc('day', now(), 'UTC') - interval '2 days' THEN 'hour' ELSE 'minute' END,
                        at, 'UTC')) / 60)::bigint AS minute) AS m
         GROUP BY tenant, webhook, type, minute, name),
      deltas AS (
        SELECT json_build_array(tenant, webhook, type, minute, json_object_agg(name, count),
                 coalesce((extract(epoch FROM max(last)) * 1000)::bigint, 0)) AS delta,
               row_number() OVER () / 1000 AS portion
          FROM summed
         GROUP BY tenant, webhook, type, minute)
      SELECT json_agg(delta) FROM deltas GROUP BY portion`);
  }
}
