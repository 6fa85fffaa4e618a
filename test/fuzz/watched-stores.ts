import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { openDatabase, type DataSource } from '../../libs/persistence/index.js';
import { waitFor } from '../../libs/testing/index.js';

/** Our own place-keeping, which goes on whatever is asked. Kept answers are watched row by row. */
const OWN_BUSINESS = ['relay_positions', 'migrations', 'idempotency_keys'];
/** Each with the subjects of what is a tenant's; those of the other streams name none. */
const STREAMS: Record<string, (tenant: string) => string[]> = {
  EVENTS: (tenant) => [`events.${tenant}.>`],
  DELIVERIES: () => [],
  JOURNAL: () => [],
  KV_webhooks: (tenant) => [`$KV.webhooks.${tenant}.>`],
  'KV_event-types': (tenant) => [`$KV.event-types.${tenant}.>`],
  KV_tenants: (tenant) => [`$KV.tenants.${tenant}`],
  KV_cancellations: () => [],
};
const NO_MESSAGES = 404;
const JOBS_WITHIN_MS = 30_000;

/** All that Tidings keeps, in short: equal texts mean that nothing was written. */
export interface StoreState {
  /** By the name of the table or stream. */
  all: Record<string, string>;
  /** The part that belongs to the tenant that nobody may touch. */
  ofVictim: Record<string, string>;
  /** The answers kept for Idempotency-Keys, by tenant, route and key; empty while there is none. */
  kept: Record<string, string>;
}

export class WatchedStores {
  private constructor(
    private readonly database: DataSource,
    private readonly nats: NatsConnection,
    private readonly streams: JetStreamManager,
    private readonly statement: string,
    private readonly victim: string,
  ) {}

  static async open(databaseUrl: string, natsUrl: string, victim: string): Promise<WatchedStores> {
    const database = await openDatabase(databaseUrl, { name: 'fuzz' });
    const tables: { name: string }[] = await database.query(
      `SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
          AND relname <> ALL ($1) ORDER BY relname`,
      [OWN_BUSINESS],
    );
    const { username, password, host } = new URL(natsUrl);
    const nats = await connect({ servers: host, user: username, pass: password });
    return new WatchedStores(
      database,
      nats,
      await jetstreamManager(nats),
      tables.map(({ name }) => sumOf(name)).join(' UNION ALL '),
      victim,
    );
  }

  /** Resolves when no job is at work: what it writes belongs to the request that began it. */
  async state(): Promise<StoreState> {
    await waitFor(async () => {
      const [{ open } = { open: 1 }] = await this.database.query<{ open: number }[]>(
        `SELECT count(*)::int AS open FROM jobs WHERE status IN ('pending', 'running')`,
      );
      if (open > 0) throw new Error(`${open} jobs are at work.`);
    }, JOBS_WITHIN_MS);
    const [rows, kept, ...streams] = await Promise.all([
      this.database.query<{ name: string; rows: string; of_victim: string }[]>(this.statement, [this.victim]),
      this.database.query<{ request: string; answer: string }[]>(
        `SELECT concat_ws(' ', tenant, route, key) AS request, coalesce(md5(answer), '') AS answer
           FROM idempotency_keys ORDER BY 1`,
      ),
      ...Object.entries(STREAMS).map(([name, subjects]) => this.streamState(name, subjects(this.victim))),
    ]);
    const stores = [
      ...rows.map(({ name, rows, of_victim }) => ({ name, all: rows, ofVictim: of_victim })),
      ...streams,
    ];
    return {
      all: Object.fromEntries(stores.map(({ name, all }) => [name, all])),
      ofVictim: Object.fromEntries(stores.map(({ name, ofVictim }) => [name, ofVictim])),
      kept: Object.fromEntries(kept.map(({ request, answer }) => [request, answer])),
    };
  }

  async close(): Promise<void> {
    await this.nats.close();
    await this.database.destroy();
  }

  private async streamState(name: string, subjects: string[]) {
    const { state } = await this.streams.streams.info(name);
    // The last message of each subject: a bucket keeps no other.
    const last = subjects.length === 0 ? [] : await this.lastMessages(name, subjects);
    return { name, all: String(state.last_seq), ofVictim: last.sort().join() };
  }

  private async lastMessages(stream: string, subjects: string[]): Promise<string[]> {
    const last: string[] = [];
    try {
      const messages = await this.streams.direct.getLastMessagesFor(stream, { multi_last: subjects });
      for await (const { subject, seq } of messages) last.push(`${subject} ${seq}`);
    } catch (error) {
      if ((error as { code?: number }).code !== NO_MESSAGES) throw error;
    }
    return last;
  }
}

/** A table's rows, counted and hashed without their order. When a key was last used is written whatever the answer. */
function sumOf(table: string): string {
  const hashed = `count(*) || ' ' || coalesce(sum(hashtextextended((row - 'last_used_at')::text, 0)::numeric), 0)`;
  return `
    SELECT '${table}' AS name, ${hashed} AS rows,
           (SELECT ${hashed} FROM (SELECT to_jsonb(t) AS row FROM ${table} t) r
             WHERE row->>'tenant' = $1 OR ('${table}' = 'tenants' AND row->>'id' = $1)) AS of_victim
      FROM (SELECT to_jsonb(t) AS row FROM ${table} t) r`;
}
