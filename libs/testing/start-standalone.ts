import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#config';

export interface StandaloneOptions {
  /** Variables to set, or to take away (undefined). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Arguments, such as `--demo`. */
  readonly args?: readonly string[];
  /** The data folder, which stays after stop; without it a temporary one, which does not. */
  readonly dataDir?: string;
  /** How long it may take to be ready, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What an API call answered. */
export interface ApiAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** How a process ended, and what it had printed. */
export interface StandaloneEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export interface RunningStandalone {
  readonly apiUrl: string;
  readonly operatorKey: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** Of the process that starts and watches the others. */
  readonly pid: number;
  /** The processes by name, as standalone.json says now. */
  processes(): Promise<Record<string, number>>;
  /**
   * Calls the API as the operator.
   * @param path what follows /api/v1
   */
  api<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer<Body>>;
  /** Everything that it has printed. */
  output(): string;
  /** Sends the signal (SIGTERM) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<StandaloneEnd>;
}

interface StandaloneJson {
  api_url: string;
  operator_key: string;
  nats_url: string;
  database_url: string;
  processes: Record<string, number>;
}

/** The build, which `npm test` makes before it runs. */
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'standalone', 'main.js');
const READY_WITHIN_MS = 120_000;
const POLL_MS = 50;

/** An own folder for a standalone, to be removed by whoever asked for it. */
export function temporaryDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tidings-standalone-'));
}

/** Spawns `npm start`'s program on a data folder, without waiting for anything. */
export function spawnStandalone(
  dataDir: string,
  { env = {}, args = [] }: StandaloneOptions = {},
): {
  readonly pid: number;
  readonly ended: Promise<StandaloneEnd>;
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
} {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment({
      TIDINGS_NATS_URL: undefined,
      TIDINGS_DATABASE_URL: undefined,
      TIDINGS_DATA_DIR: dataDir,
      TIDINGS_PORT: '0',
      TIDINGS_EGRESS_ALLOW: '127.0.0.0/8,::1/128',
      TIDINGS_EGRESS_HTTP: 'true',
      TIDINGS_EGRESS_PORTS: 'any',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ...env,
    }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<StandaloneEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, output }));
  });
  return { pid: child.pid ?? 0, ended, output: () => output, kill: (signal) => void child.kill(signal) };
}

async function readJson(dataDir: string): Promise<StandaloneJson> {
  return JSON.parse(await readFile(join(dataDir, 'standalone.json'), 'utf8')) as StandaloneJson;
}

/**
 * The whole system, as `npm start` brings it up, on free ports; webhooks may
 * call this machine.
 * @throws Error with what it printed when it does not become ready
 */
export async function startStandalone(options: StandaloneOptions = {}): Promise<RunningStandalone> {
  const dataDir = options.dataDir ?? (await temporaryDataDir());
  // One of a run that was killed would be taken for this run's.
  await rm(join(dataDir, 'standalone.json'), { force: true });
  const running = spawnStandalone(dataDir, options);
  const removeData = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  let over = false;
  const ended = running.ended.finally(() => (over = true));
  const deadline = Date.now() + (options.timeoutMs ?? READY_WITHIN_MS);
  let json: StandaloneJson | undefined;
  while (json === undefined) {
    await sleep(POLL_MS);
    json = await readJson(dataDir).catch(() => undefined);
    if (json !== undefined || (!over && Date.now() < deadline)) continue;
    running.kill('SIGTERM');
    const { output } = await ended;
    await removeData();
    throw new Error(`Standalone did not become ready. It printed:\n${output}`);
  }
  const { api_url: apiUrl, operator_key: operatorKey } = json;
  return {
    apiUrl,
    operatorKey,
    natsUrl: json.nats_url,
    databaseUrl: json.database_url,
    dataDir,
    pid: running.pid,
    processes: async () => (await readJson(dataDir)).processes,
    api: async <Body>(method: string, path: string, body?: unknown, headers = {}) => {
      const response = await fetch(`${apiUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${operatorKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const parsed = (text === '' ? undefined : JSON.parse(text)) as Body;
      return { status: response.status, headers: response.headers, body: parsed };
    },
    output: running.output,
    stop: async (signal = 'SIGTERM') => {
      running.kill(signal);
      const end = await ended;
      await removeData();
      return end;
    },
  };
}
