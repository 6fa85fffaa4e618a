import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, PARTITIONS, partitionOf } from '#bus';
import { newId, type RetryPolicy, type RoutedWebhook } from '#domain';
import { migrate, openDatabase, type DataSource } from '#persistence';
import { generateSecret, Keyring } from '#signing';
import {
  routedTenant,
  routedWebhook,
  startNats,
  startPostgres,
  startReceiver,
  TOPOLOGY,
  type ReceivedRequest,
  type Receiver,
} from '#testing';
import { startAppProcess, type AppProcess } from './app-process.js';
import { deathAt, type Death } from './die-at.js';

const TENANT = 'default';
const HOMES_REST_MS = 1_500;
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

/** Retries soon, and for as long as a test may take. */
export const SOON_RETRY: RetryPolicy = {
  enabled: true,
  count: 50,
  strategy: 'fixed',
  initial_delay_seconds: 1,
  factor: 1,
  max_delay_seconds: 60,
  jitter: 0,
  schedule_seconds: [],
};

/** What an event says of itself. */
export interface Numbered {
  n: number;
  /** When it was published, milliseconds since 1970. */
  at: number;
}

/** The delivery engine: NATS, PostgreSQL, and its apps as processes of their own, of which a test may have any number. */
export interface Engine {
  readonly bus: Bus;
  readonly natsUrl: string;
  readonly receiver: Receiver;
  readonly database: DataSource;
  dispatcher(death?: Death): Promise<AppProcess>;
  subscriber(death?: Death): Promise<AppProcess>;
  /**
   * A webhook at a path of its own that listens to one type of event.
   * @param among the partitions of which it shall be in one
   */
  webhook(type: string, change?: Partial<RoutedWebhook>, among?: number[]): Promise<RoutedWebhook>;
  /** Publishes an event of this type; resolves when JetStream has it. */
  publish(type: string, n: number): Promise<void>;
  /** Dispatchers with the partitions that they have, once nothing moved for a while. */
  settledHomes(): Promise<Map<string, number[]>>;
  /** Deliveries in the record: those that succeeded, and the others. */
  record(): Promise<{ success: number; open: number }>;
  stop(): Promise<void>;
}

export async function startEngine(): Promise<Engine> {
  const [nats, postgres, receiver] = await Promise.all([startNats(), startPostgres(), startReceiver()]);
  const database = await openDatabase(postgres.url, { name: 'chaos' });
  await migrate(database);
  const bus = await Bus.open({ url: nats.url, name: 'chaos' }, TOPOLOGY);
  await bus.tenants.put(routedTenant({ id: TENANT }));
  const keys = `k1:${randomBytes(32).toString('base64')}`;
  const keyring = Keyring.parse(keys);
  const environment = {
    TIDINGS_NATS_URL: nats.url,
    TIDINGS_DATABASE_URL: postgres.url,
    TIDINGS_ENCRYPTION_KEYS: keys,
    TIDINGS_EGRESS_ALLOW: '127.0.0.0/8',
    TIDINGS_EGRESS_HTTP: 'true',
    TIDINGS_EGRESS_PORTS: 'any',
    TIDINGS_OPS_PORT: '0',
  };
  const processes: AppProcess[] = [];
  const start = async (app: 'dispatcher' | 'subscriber', death?: Death): Promise<AppProcess> => {
    const process = await startAppProcess(app, environment, death ? deathAt(death) : []);
    processes.push(process);
    return process;
  };
  const engine: Engine = {
    bus,
    natsUrl: nats.url,
    receiver,
    database,
    dispatcher: (death) => start('dispatcher', death),
    subscriber: (death) => start('subscriber', death),
    webhook: async (type, change = {}, among = ALL) => {
      let id = newId('wh');
      while (!among.includes(partitionOf(id))) id = newId('wh');
      const about = { tenant: TENANT, webhook: id, purpose: 'signing' } as const;
      const webhook = routedWebhook({
        id,
        tenant: TENANT,
        url: `${receiver.url}/${id}`,
        event_types: [type],
        retry: SOON_RETRY,
        secrets: [keyring.seal(generateSecret(), about)],
        ...change,
      });
      await bus.webhooks.put(webhook);
      return webhook;
    },
    publish: async (type, n) => {
      const body = JSON.stringify({ n, at: Date.now() } satisfies Numbered);
      await bus.publishEvent({ tenant: TENANT, type, body, dedupId: `${type}-${n}` });
    },
    settledHomes: async () => {
      for (let before = ''; ; await sleep(HOMES_REST_MS)) {
        const { homes, members } = await bus.homes.read();
        const now = JSON.stringify([homes, members.map(({ id }) => id).sort()]);
        const byMember = Map.groupBy(homes, ({ member }) => member);
        if (now === before && homes.length === PARTITIONS)
          return new Map(
            members.map(({ id }) => [id, (byMember.get(id) ?? []).map(({ partition }) => partition)]),
          );
        before = now;
      }
    },
    record: async () => {
      const [counts] = await database.query<[{ all: number; success: number }]>(
        `SELECT count(*) AS all, count(*) FILTER (WHERE status = 'success') AS success FROM deliveries`,
      );
      return { success: Number(counts.success), open: Number(counts.all) - Number(counts.success) };
    },
    stop: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await bus.close();
      await database.destroy();
      await Promise.all([nats.stop(), postgres.stop(), receiver.stop()]);
    },
  };
  return engine;
}

/** What an event said that came to a receiver. */
export function numberOf(request: ReceivedRequest): Numbered {
  return (JSON.parse(request.body.toString()) as { data: Numbered }).data;
}

/** A number to put into a line that a test prints. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The path at which a webhook's deliveries come in. */
export const pathOf = (webhook: RoutedWebhook): string => new URL(webhook.url).pathname;
