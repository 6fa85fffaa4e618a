import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startNats, startPostgres } from '#testing';
import { child, stop, type Child } from './child.js';

/** All of Tidings as processes of their own, on servers as durable as those of a real installation. */
export interface System {
  natsUrl: string;
  databaseUrl: string;
  /** The processes, by name. */
  pids: Record<string, number>;
  /** Calls the API as the operator. @throws Error when it is answered with anything but success */
  post(path: string, body?: object): Promise<unknown>;
  /** @returns the id */
  createWebhook(definition: { name: string; url: string; event_types: string[] } & object): Promise<string>;
  /** Ends Tidings; its servers stay. */
  stopApps(): Promise<void>;
  stop(): Promise<void>;
}

const app = (name: string) => join(import.meta.dirname, `../../apps/${name}/main.js`);

export async function startSystem({ dispatchers = 1 } = {}): Promise<System> {
  const nats = await startNats();
  const postgres = await startPostgres({ disposable: false });
  const operatorKey = `tdg_bench_${randomBytes(16).toString('hex')}`;
  const environment = {
    TIDINGS_NATS_URL: nats.url,
    TIDINGS_DATABASE_URL: postgres.url,
    TIDINGS_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    TIDINGS_OPERATOR_KEY: operatorKey,
    TIDINGS_PORT: '0',
    TIDINGS_EGRESS_ALLOW: '127.0.0.0/8',
    TIDINGS_EGRESS_HTTP: 'true',
    TIDINGS_EGRESS_PORTS: 'any',
    TIDINGS_OPS_PORT: '0',
    TIDINGS_LOG_LEVEL: 'warn',
  };
  const adminApi = await child(app('admin-api'), [], environment);
  const apps: Record<string, Child> = { 'admin-api': adminApi };
  apps.subscriber = await child(app('subscriber'), [], environment);
  for (let n = 1; n <= dispatchers; n++)
    apps[dispatchers === 1 ? 'dispatcher' : `dispatcher-${n}`] = await child(
      app('dispatcher'),
      [],
      environment,
    );

  const post = async (path: string, body: object = {}): Promise<unknown> => {
    const answer = await fetch(`${adminApi.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
  const stopApps = async () => {
    await Promise.all(Object.values(apps).map(stop));
  };
  return {
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    pids: {
      ...Object.fromEntries(Object.entries(apps).map(([name, { pid }]) => [name, pid])),
      nats: nats.pid ?? 0,
      postgres: postgres.pid ?? 0,
    },
    post,
    createWebhook: async (definition) => ((await post('/webhooks', definition)) as { id: string }).id,
    stopApps,
    stop: async () => {
      await stopApps();
      await nats.stop();
      await postgres.stop();
    },
  };
}
