import {
  Unavailable,
  embeddedNats,
  embeddedPostgres,
  findNatsServer,
  freePort,
  natsUrl,
  postgresUrl,
  type Program,
} from '#embedded';
import type { DataFolder } from './data-folder.js';
import type { Kept } from './kept.js';
import { terminal } from './terminal.js';

export const DATABASE = 'tidings';

/** The port that a server had before, if it is free; else another, which is kept from now on. */
async function keepPort(kept: Kept, name: keyof Kept['ports']): Promise<number> {
  const port = await freePort('127.0.0.1', kept.ports[name]);
  kept.ports[name] = port;
  return port;
}

/** A server of ours, ready to be started. */
export interface EmbeddedServer {
  readonly program: Program;
  readonly url: string;
  readonly port: number;
}

/**
 * The embedded PostgreSQL, its cluster made if there is none yet.
 * @throws Unavailable when it cannot be had
 */
export async function preparePostgres(
  folder: DataFolder,
  kept: Kept,
  signal: AbortSignal,
): Promise<EmbeddedServer> {
  const port = await keepPort(kept, 'postgres');
  const program = await embeddedPostgres({
    dataFolder: folder.postgres,
    logFile: folder.log('postgres'),
    port,
    password: kept.postgres_password,
    onProgress: (what) => terminal.step('PostgreSQL', what),
    signal,
  });
  return { program, port, url: postgresUrl(port, kept.postgres_password, DATABASE) };
}

/**
 * The embedded NATS server, fetched if there is none yet.
 * @param configured the value of TIDINGS_NATS_SERVER
 * @throws Unavailable when it cannot be had
 */
export async function prepareNats(
  folder: DataFolder,
  kept: Kept,
  configured: string | undefined,
  signal: AbortSignal,
): Promise<EmbeddedServer> {
  const port = await keepPort(kept, 'nats');
  const program = await embeddedNats({
    program: await findNatsServer({
      configured,
      fallbackCache: folder.cache,
      onProgress: (what) => terminal.step('NATS', what),
      signal,
    }),
    folder: folder.nats,
    logFile: folder.log('nats'),
    port,
    password: kept.nats_password,
  });
  return { program, port, url: natsUrl(port, kept.nats_password) };
}

/** What to tell when a server does not start on data that is there. */
export function dataFault(error: unknown, data: string): Unavailable {
  const { message } = error as Error;
  return new Unavailable(
    `${message} If its data in ${data} is damaged, put a backup in its place, or move it away to begin anew.`,
    { cause: error },
  );
}
