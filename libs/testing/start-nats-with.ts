import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment, loadConfig } from '#config';
import { findNatsServer, freePort, startProgram } from '#embedded';

export interface ConfiguredNats {
  /** Host and port. */
  readonly host: string;
  /** What it has logged. */
  log(): Promise<string>;
  /** Ends the server and starts it on its files as they are now. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real nats-server with a configuration of the spec's own, to which the listening address and JetStream's store are
 * added, on a free port.
 * @param variables of its environment, which the configuration may name
 * @throws Unavailable when no nats-server can be had, or it refuses the configuration
 */
export async function startNatsWith(
  configuration: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ConfiguredNats> {
  const server = await findNatsServer({ configured: loadConfig().TIDINGS_NATS_SERVER });
  const folder = await mkdtemp(join(tmpdir(), 'tidings-nats-'));
  const port = await freePort();
  const path = join(folder, 'nats-server.conf');
  const logFile = join(folder, 'nats.log');
  const own = `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }\n`;
  await writeFile(path, own + configuration, { mode: 0o600 });
  const log = () => readFile(logFile, 'utf8').catch(() => '');
  const start = async () => {
    const before = (await log()).length;
    return startProgram({
      title: 'NATS',
      command: [server, '--config', path],
      env: childEnvironment(variables),
      stopSignal: 'SIGTERM',
      logFile,
      readyWithinMs: 30_000,
      whenReady: async (_child, signal) => {
        while (!signal.aborted && !(await log()).slice(before).includes('Server is ready')) await sleep(25);
      },
    });
  };
  let running = await start();
  return {
    host: `127.0.0.1:${port}`,
    log,
    restart: async () => {
      await running.stop();
      running = await start();
    },
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
