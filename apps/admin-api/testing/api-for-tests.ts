import { randomBytes } from 'node:crypto';
import { createLogger, type RunningApp } from '#observability';
import { startNats, startPostgres, type TestNats, type TestPostgres } from '#testing';
import { startAdminApi, type AdminApiOptions } from '../start-admin-api.js';

export const OPERATOR_KEY = 'tdg_operator_0123456789abcdefghij';

export interface TestApi {
  url: string;
  options: AdminApiOptions;
  postgres: TestPostgres;
  nats: TestNats;
  /** Asks as the operator; a body that is no text is sent as JSON. */
  ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<TestAnswer>;
  /** Stops the API alone. */
  halt: () => Promise<void>;
  /** Starts it again. */
  resume: () => Promise<void>;
  /** Stops the API and its servers. */
  stop: () => Promise<void>;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs say what they expect of it
  json: any;
}

/** The admin API in this process, on servers of its own. */
export async function startApi(): Promise<TestApi> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  const options: AdminApiOptions = {
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    topology: { dedupWindowSeconds: 120, eventsMaxAgeHours: 24, journalMaxAgeHours: 24 },
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' },
    operatorKey: OPERATOR_KEY,
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger(process.env.TIDINGS_LOG_LEVEL ?? 'silent', 'admin-api'),
  };
  let running: RunningApp | undefined = await startAdminApi(options);
  const api: TestApi = {
    url: running.url,
    options,
    postgres,
    nats,
    ask: (method, path, body, headers) => ask(api.url, method, path, body, headers),
    halt: async () => {
      await running?.stop();
      running = undefined;
    },
    resume: async () => {
      running = await startAdminApi(options);
      api.url = running.url;
    },
    stop: async () => {
      await running?.stop();
      await Promise.all([postgres.stop(), nats.stop()]);
    },
  };
  return api;
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${OPERATOR_KEY}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as unknown) : undefined,
  };
}
