import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceFile } from '../files/durable-file.js';
import type { Program } from '../process/running-program.js';
import { endingWithParent } from '../process/with-parent.js';
import { natsConfiguration, type NatsCluster } from './configuration.js';

export interface EmbeddedNatsOptions {
  /** The nats-server to run (findNatsServer). */
  readonly program: string;
  /** The folder of its configuration and store, absolute. */
  readonly folder: string;
  readonly logFile: string;
  readonly port: number;
  readonly password: string;
  /** For a server that is one of several. */
  readonly cluster?: NatsCluster;
}

export const NATS_USER = 'tidings';

const READY_WITHIN_MS = 120_000;
const POLL_MS = 25;
const ANSWER_WITHIN_MS = 2_000;

/** The address of an embedded server, with its credentials. */
export function natsUrl(port: number, password: string): string {
  return `nats://${NATS_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

/** A server greets every connection with its INFO line, before asking who is there. */
function greetsWithJetStream(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let greeting = '';
    const socket = connect({ host: '127.0.0.1', port, timeout: ANSWER_WITHIN_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      greeting += text;
      if (greeting.includes('\r\n')) end(/^INFO .*"jetstream":\s*true/.test(greeting));
    });
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
    socket.on('close', () => end(false));
  });
}

/** Makes everything ready for a NATS server of our own, and gives the program that runs it. */
export async function embeddedNats(options: EmbeddedNatsOptions): Promise<Program> {
  const { program, folder, port, password } = options;
  const configuration = join(folder, 'nats-server.conf');
  await mkdir(join(folder, 'store'), { recursive: true, mode: 0o700 });
  await mkdir(dirname(options.logFile), { recursive: true });
  await replaceFile(
    configuration,
    natsConfiguration({
      port,
      user: NATS_USER,
      password,
      storeFolder: join(folder, 'store'),
      ...(options.cluster ? { cluster: options.cluster } : {}),
    }),
  );
  return {
    title: 'NATS',
    command: endingWithParent([program, '--config', configuration], 'SIGTERM'),
    stopSignal: 'SIGTERM',
    logFile: options.logFile,
    readyWithinMs: READY_WITHIN_MS,
    whenReady: async (_child, signal) => {
      while (!signal.aborted && !(await greetsWithJetStream(port))) await sleep(POLL_MS);
    },
  };
}
