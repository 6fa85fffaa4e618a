import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { openDatabase, type DataSource } from '../../libs/persistence/index.js';

/** What requests may write although they are refused: the answers kept for Idempotency-Key, and our own place-keeping. */
const OWN_BUSINESS = ['idempotency_keys', 'relay_positions', 'migrations'];
const STREAMS = ['EVENTS', 'DELIVERIES', 'JOURNAL'];

/** All that Tidings keeps, in short: equal texts mean that nothing was written. */
export interface StoreState {
  all: string;
  /** The part that belongs to the tenant that nobody may touch. */
  ofVictim: string;
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

  async state(): Promise<StoreState> {
    const [rows, ...streams] = await Promise.all([
      this.database.query<{ name: string; rows: string; of_victim: string }[]>(this.statement, [this.victim]),
      ...STREAMS.map(async (name) => `${name} ${(await this.streams.streams.info(name)).state.last_seq}`),
    ]);
    return {
      all: [...rows.map(({ name, rows }) => `${name} ${rows}`), ...streams].join('\n'),
      ofVictim: rows.map(({ name, of_victim }) => `${name} ${of_victim}`).join('\n'),
    };
  }

  async close(): Promise<void> {
    await this.nats.close();
    await this.database.destroy();
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
