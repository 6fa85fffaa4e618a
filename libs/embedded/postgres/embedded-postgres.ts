import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Unavailable } from '../unavailable.js';
import type { Program } from '../process/running-program.js';
import { endingWithParent } from '../process/with-parent.js';
import { clearLeftover } from './leftover.js';
import { SUPERUSER, createCluster, isFolder } from './cluster.js';
import { postgresPrograms } from './programs.js';
import { DISPOSABLE, settingArguments } from './settings.js';
import { findUnprivileged, prepareFolder } from './unprivileged.js';

export interface EmbeddedPostgresOptions {
  /** The data folder, absolute; the cluster is created when it does not exist. */
  readonly dataFolder: string;
  readonly logFile: string;
  readonly port: number;
  /** The superuser's; must be the one that the cluster was created with. */
  readonly password: string;
  /** Trades safety for speed: for data that is thrown away. */
  readonly disposable?: boolean;
  readonly onProgress?: (what: string) => void;
  /** Gives up the making of a new cluster. */
  readonly signal?: AbortSignal;
}

const READY_WITHIN_MS = 120_000;
const POLL_MS = 25;
/** A long recovery is asked about less and less often, as each question leaves a line in the log. */
const SLOWEST_POLL_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
const WRONG_PASSWORD = '28P01';

/** The address of a database in an embedded cluster, with its credentials. */
export function postgresUrl(port: number, password: string, database: string): string {
  return `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // The server may end while the connection closes; whoever waits for it hears of that by its exit.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === WRONG_PASSWORD)
      throw new Unavailable('PostgreSQL refuses the password that was kept for its data folder.', {
        cause: error,
      });
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Makes everything ready for a PostgreSQL of our own, and gives the program that runs it.
 * @throws Unavailable when there is no PostgreSQL for this platform, or it cannot run as this user, or no cluster could be made
 */
export async function embeddedPostgres(options: EmbeddedPostgresOptions): Promise<Program> {
  const { dataFolder, port, password, disposable = false } = options;
  const programs = await postgresPrograms();
  const unprivileged = await findUnprivileged(programs.postgres, dataFolder);
  if (await isFolder(dataFolder)) {
    await prepareFolder(dataFolder, unprivileged);
  } else {
    options.onProgress?.('creating the database');
    await createCluster(dataFolder, password, programs, unprivileged, { disposable, signal: options.signal });
  }
  const command = [
    programs.postgres,
    '-D',
    dataFolder,
    ...settingArguments(port, disposable ? DISPOSABLE : {}),
  ];
  const url = postgresUrl(port, password, 'postgres');
  return {
    title: 'PostgreSQL',
    command: [...unprivileged.prefix, ...endingWithParent(command, 'SIGINT')],
    ...(unprivileged.owner === undefined ? {} : { owner: unprivileged.owner }),
    stopSignal: 'SIGINT',
    logFile: options.logFile,
    readyWithinMs: READY_WITHIN_MS,
    // A restart after a crash meets the pid file of the run before.
    beforeStart: () => clearLeftover(dataFolder),
    whenReady: async (_child, signal) => {
      for (
        let wait = POLL_MS;
        !signal.aborted && !(await answers(url));
        wait = Math.min(wait * 1.2, SLOWEST_POLL_MS)
      )
        await sleep(wait);
    },
  };
}

/** Creates a database in an embedded cluster unless it is there already. */
export async function ensureDatabase(port: number, password: string, name: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl(port, password, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
