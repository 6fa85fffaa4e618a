import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config';
import {
  embeddedNats,
  findNatsServer,
  freePort,
  natsUrl,
  startProgram,
  type Program,
  type RunningProgram,
} from '#embedded';

/** The servers of a cluster, by name. */
export type NatsServerName = 'n1' | 'n2' | 'n3';

export interface TestNatsCluster {
  /** The addresses of all servers with commas between, credentials included. */
  readonly url: string;
  /** Ends a server as a crash would; its store stays. */
  kill(server: NatsServerName): Promise<void>;
  /** Starts a server again that was killed. */
  restart(server: NatsServerName): Promise<void>;
  /** Ends the servers and removes their stores. */
  stop(): Promise<void>;
}

const NAMES: readonly NatsServerName[] = ['n1', 'n2', 'n3'];

/**
 * Three real nats-servers that keep JetStream together, on free ports of this
 * machine. They serve when this resolves; they may take some seconds more to
 * agree on who leads.
 * @throws Unavailable when no nats-server can be had
 */
export async function startNatsCluster(): Promise<TestNatsCluster> {
  const program = await findNatsServer({ configured: loadConfig().TIDINGS_NATS_SERVER });
  const folder = await mkdtemp(join(tmpdir(), 'tidings-nats-cluster-'));
  const password = randomBytes(12).toString('hex');
  const clusterPorts: number[] = [];
  for (const _name of NAMES) clusterPorts.push(await freePort());
  const programs = new Map<NatsServerName, Program>();
  const urls: string[] = [];
  for (const [i, server] of NAMES.entries()) {
    const port = await freePort();
    const own = join(folder, server);
    urls.push(natsUrl(port, password));
    const cluster = { server, port: clusterPorts[i] ?? 0, ports: clusterPorts };
    const options = { program, folder: own, logFile: join(own, 'nats.log'), port, password, cluster };
    programs.set(server, await embeddedNats(options));
  }
  const running = new Map<NatsServerName, RunningProgram>();
  const start = async (server: NatsServerName) => {
    const toStart = programs.get(server);
    if (toStart) running.set(server, await startProgram(toStart));
  };
  await Promise.all(NAMES.map(start));
  return {
    url: urls.join(','),
    kill: async (server) => void (await running.get(server)?.kill()),
    restart: start,
    stop: async () => {
      await Promise.all([...running.values()].map((each) => each.stop()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
