import pg from 'pg';
import { dayOf, ensureDayPartitions, type DataSource } from '#persistence';
import { WORDS, words } from './words.js';

const DAY_MS = 86_400_000;
/** Webhooks that want each event. */
const FAN_OUT = 4;
/** Of a hundred deliveries, ten have two attempts and five have four. */
const ATTEMPTS_PER_DELIVERY = 1.25;
/** As many days are filled side by side. */
const CONNECTIONS = 2;

export const EVENT_TYPES = Array.from(
  { length: 40 },
  (_, n) =>
    `${['order', 'invoice', 'task', 'user', 'stock'][n % 5] ?? ''}.${['created', 'changed', 'closed', 'sent'][n % 4] ?? ''}.v${Math.floor(n / 20)}`,
);
/** One event in 100,000. */
export const RARE_TYPE = 'audit.finding.raised';

/** A tenant with its webhooks, and its share of all events. */
export interface Share {
  tenant: string;
  webhooks: string[];
  share: number;
}

export interface Filling {
  attempts: number;
  days: number;
  /** The newest rows' time, milliseconds since 1970. */
  until: number;
}

/*
 * Rows are made where they are kept. What is random follows from hashes of the
 * event's number, so that each run makes the same; ids are as libs/domain
 * makes them: the time in ten letters, then sixteen letters.
 */
const CODE = `
  CREATE FUNCTION pg_temp.code(ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT ${[45, 40, 35, 30, 25, 20, 15, 10, 5, 0]
      .map((shift) => `substr('0123456789abcdefghjkmnpqrstvwxyz', ((ms >> ${shift}) & 31)::int + 1, 1)`)
      .join(' || ')} $$`;
const SHARE_OF_HASH = `
  CREATE FUNCTION pg_temp.share(seed bigint, salt bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(seed, salt) & 1048575) / 1048576.0 $$`;

/** The n-th of so many, the first more often than the last. */
const skewed = (count: string, seed: string, salt: number) =>
  `1 + floor(${count} * power(pg_temp.share(${seed}, ${salt}), 2))::int`;

/** $1 first event number, $2 how many, $3 milliseconds since 1970 of the first, $4 milliseconds from one to the next. */
const MADE_EVENTS = `
  CREATE TEMP TABLE made AS
  SELECT numbered.n, ms, to_timestamp(ms / 1000.0) AS at, 'evt_' || pg_temp.code(ms) || substr(md5('e' || numbered.n), 1, 16) AS id,
         s.tenant, s.webhooks, s.place, CASE WHEN numbered.n % 100000 = 77 THEN '${RARE_TYPE}' ELSE t.type END AS type
    FROM (SELECT n, $3::bigint + floor((n - $1::bigint) * $4::double precision)::bigint AS ms,
                 width_bucket(pg_temp.share(n, 1), (SELECT from_shares FROM bench_from)) AS place,
                 ${skewed(String(EVENT_TYPES.length), 'n', 2)} AS type
            FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS n) AS numbered
    JOIN bench_shares s USING (place)
    JOIN bench_types t ON t.n = numbered.type`;

const WORDS_OF_EVENT = [5, 6, 7, 8];
const EVENTS = `
  INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, metadata, sequence, status, reason, match_count)
  SELECT tenant, id, at, type, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         format('{"order":"ORD-%s","email":"user%s@example.com","total":%s,"text":"%s %s %s %s"}',
           m.n, hashint8extended(m.n, 3) & 65535, hashint8extended(m.n, 4) & 4095,
           ${WORDS_OF_EVENT.map((salt) => `w${salt}.word`).join(', ')}),
         NULL, m.n, 'accepted', NULL, ${FAN_OUT}
    FROM made m
    ${WORDS_OF_EVENT.map((salt) => `JOIN bench_words w${salt} ON w${salt}.n = ${skewed(String(WORDS), 'm.n', salt)}`).join('\n')}
   ORDER BY m.n`;

/** Of those of the newest hours some are not over yet. $1: whether these are they. */
const MADE_DELIVERIES = `
  CREATE TEMP TABLE made_deliveries AS
  SELECT numbered.*, w.id AS webhook_id,
         CASE WHEN state >= 0.964 AND state < 0.990 THEN 'failed' WHEN state >= 0.990 AND state < 0.993 AND $1 THEN 'retrying'
              WHEN state >= 0.993 AND state < 0.994 AND $1 THEN 'pending' WHEN state >= 0.994 THEN 'cancelled' ELSE 'success' END AS status,
         CASE WHEN tries >= 0.95 THEN 4 WHEN tries >= 0.85 THEN 2 ELSE 1 END AS attempt_count,
         CASE WHEN state < 0.90 THEN 200 WHEN state < 0.93 THEN 201 WHEN state < 0.964 THEN 204 WHEN state < 0.975 THEN 500
              WHEN state < 0.984 THEN 503 WHEN state < 0.9895 THEN 404 WHEN state < 0.98999 THEN 429 WHEN state < 0.994 THEN 502 END AS code
    FROM (SELECT d, ms, at, tenant, event_id, type, place,
                 'dlv_' || pg_temp.code(ms) || substr(md5('d' || d), 1, 16) AS id,
                 ${skewed('webhooks', 'd', 11)} AS webhook,
                 pg_temp.share(d, 12) AS state, pg_temp.share(d, 13) AS tries
            FROM (SELECT m.ms, m.at, m.tenant, m.webhooks, m.place, m.type, m.id AS event_id, m.n * ${FAN_OUT} + f AS d FROM made m
                   CROSS JOIN generate_series(0, ${FAN_OUT - 1}) AS f) AS fanned) AS numbered
    JOIN bench_webhooks w ON w.place = numbered.place AND w.n = numbered.webhook`;

const DELIVERIES = `
  INSERT INTO deliveries (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count,
    next_attempt_at, completed_at, reason, status_code, owed_at, updated_at)
  SELECT id, at, tenant, event_id, type, webhook_id, status, attempt_count,
         CASE WHEN status = 'retrying' THEN at + interval '6 hours' END,
         CASE WHEN status NOT IN ('retrying', 'pending') THEN at + interval '2 seconds' END,
         CASE status WHEN 'failed' THEN 'retries_exhausted' WHEN 'cancelled' THEN 'webhook_disabled' END,
         code, NULL, at + interval '2 seconds'
    FROM made_deliveries ORDER BY d`;

const ATTEMPTS = `
  INSERT INTO attempts (delivery_id, id, created_at, tenant, number, trigger, started_at, duration_ms, method, url,
    request_headers, request_body, response_status, response_headers, response_body, response_truncated,
    error_kind, error_message)
  SELECT id, 'att_' || pg_temp.code(ms + number * 1000) || substr(md5('a' || d || '/' || number), 1, 16), at, tenant, number,
         'auto', at + number * interval '1 second', 5 + floor(300 * power(pg_temp.share(d, 14 + number), 4))::int,
         'POST', 'https://hooks.example.com/in', '{"webhook-id":"..."}', '{}',
         CASE WHEN number < attempt_count THEN 503 ELSE code END, '{}', '', false,
         CASE WHEN number < attempt_count OR code >= 300 THEN 'http_status' WHEN code IS NULL THEN 'timeout' END,
         CASE WHEN number < attempt_count OR code >= 300 THEN 'The receiver refused it.' END
    FROM made_deliveries CROSS JOIN LATERAL generate_series(1, attempt_count) AS number ORDER BY d, number`;

/**
 * Fills the record with attempts and what belongs to them, evenly over the days.
 * The tables' indexes are there meanwhile, as they are in a running system.
 */
export async function fill(
  schema: DataSource,
  url: string,
  shares: readonly Share[],
  { attempts, days, until }: Filling,
  report: (day: string) => void,
): Promise<void> {
  const eventsADay = Math.round(attempts / ATTEMPTS_PER_DELIVERY / FAN_OUT / days);
  const from = Math.floor(until / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
  const wanted = Array.from({ length: days }, (_, n) => ({ n, start: from + n * DAY_MS }));
  await ensureDayPartitions(
    schema,
    wanted.map(({ start }) => dayOf(start)),
  );
  const next = wanted.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await prepare(client, shares);
      for (const { n, start } of next) {
        const step = Math.min(DAY_MS, until - start) / eventsADay;
        await fillDay(client, [n * eventsADay, eventsADay, start, step], n >= days - 2);
        report(dayOf(start));
      }
      await client.end();
    }),
  );
  await schema.query('VACUUM ANALYZE events');
  await schema.query('VACUUM ANALYZE deliveries');
  await schema.query('VACUUM ANALYZE attempts');
}

async function prepare(client: pg.Client, shares: readonly Share[]): Promise<void> {
  await client.query(CODE);
  await client.query(SHARE_OF_HASH);
  await client.query(
    'CREATE TEMP TABLE bench_shares (place integer PRIMARY KEY, tenant text, webhooks integer)',
  );
  await client.query(
    'CREATE TEMP TABLE bench_webhooks (place integer, n integer, id text, PRIMARY KEY (place, n))',
  );
  let sum = 0;
  const fromShares: number[] = [];
  for (const [n, { tenant, webhooks, share }] of shares.entries()) {
    fromShares.push(sum);
    sum += share;
    await client.query('INSERT INTO bench_shares VALUES ($1, $2, $3)', [n + 1, tenant, webhooks.length]);
    await client.query(
      'INSERT INTO bench_webhooks SELECT $1, n, id FROM unnest($2::text[]) WITH ORDINALITY AS w(id, n)',
      [n + 1, webhooks],
    );
  }
  await client.query('CREATE TEMP TABLE bench_from (from_shares float8[])');
  await client.query('INSERT INTO bench_from VALUES ($1)', [fromShares]);
  await numbered(client, 'bench_words', 'word', words());
  await numbered(client, 'bench_types', 'type', EVENT_TYPES);
  await client.query('ANALYZE bench_shares, bench_webhooks, bench_words, bench_types');
  // What is made is not asked for yet; a crash has it made again.
  await client.query('SET synchronous_commit = off');
  await client.query(`SET work_mem = '256MB'`);
}

async function numbered(client: pg.Client, table: string, column: string, values: string[]): Promise<void> {
  await client.query(`CREATE TEMP TABLE ${table} (n integer PRIMARY KEY, ${column} text)`);
  await client.query(
    `INSERT INTO ${table} SELECT n, value FROM unnest($1::text[]) WITH ORDINALITY AS v(value, n)`,
    [values],
  );
}

async function fillDay(client: pg.Client, numbers: number[], isNew: boolean): Promise<void> {
  await client.query('BEGIN');
  await client.query(literals(MADE_EVENTS, numbers));
  await client.query('ANALYZE made');
  await client.query(EVENTS);
  await client.query(literals(MADE_DELIVERIES, [isNew]));
  await client.query('ANALYZE made_deliveries');
  await client.query(DELIVERIES);
  await client.query(ATTEMPTS);
  await client.query('DROP TABLE made, made_deliveries');
  await client.query('COMMIT');
}

/** CREATE TABLE AS takes no parameters. */
function literals(sql: string, values: (number | boolean)[]): string {
  return sql.replaceAll(/\$(\d)/g, (_, n: string) => String(values[Number(n) - 1]));
}
