import { randomBytes } from 'node:crypto';
import { createLogger, type RunningApp } from '#observability';
import { startNats, startPostgres, type TestNats, type TestPostgres } from '#testing';
import { startAdminApi, type AdminApiOptions } from '../start-admin-api.js';

export const OPERATOR_KEY = 'tdg_operator_0123456789abcdefghij';

/** Whom specs act for besides `default`. */
const TENANTS = ['acme', 'globex', 'reader', 'lister', 'previewing', 'tagging', 'nobody', 'another'];

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
  /** The answer's JSON; undefined when it is none. */
  json: unknown;
}

/** The admin API in this process, on servers of its own, with some tenants. */
export async function startApi(): Promise<TestApi> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  const options: AdminApiOptions = {
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    topology: { dedupWindowSeconds: 120, eventsMaxAgeHours: 24, journalMaxAgeHours: 24, replicas: 1 },
    owedForHours: 720,
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' },
    operatorKey: OPERATOR_KEY,
    requestsPerSecond: 100_000,
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'admin-api'),
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
  for (const id of TENANTS) {
    const { status, text } = await api.ask('POST', '/api/v1/tenants', { id, name: id });
    if (status !== 201) throw new Error(`The tenant ${id} was not made: ${text}`);
  }
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
  const text = await textOf(response);
  const isJson = /\bjson/.test(response.headers.get('content-type') ?? '') && method !== 'HEAD';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as unknown) : undefined,
  };
}

/** Of server-sent events, which have no end, what comes first. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return Buffer.from((first?.value as Uint8Array | undefined) ?? []).toString();
}

/** A member of an answer that is text, such as its id. */
export function member(answer: TestAnswer, name: string): string {
  const value = (answer.json as Record<string, unknown> | undefined)?.[name];
  if (typeof value !== 'string') throw new Error(`${name} is no text in the answer ${answer.text}`);
  return value;
}

/** The ids of the page that a list answered with. */
export function idsOf(answer: TestAnswer): string[] {
  return (answer.json as { data: { id: string }[] }).data.map((item) => item.id);
}
