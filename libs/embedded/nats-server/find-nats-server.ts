import { Unavailable } from '../unavailable.js';
import { cacheFolder, cachedPrograms } from './cache.js';
import { WAY_OUT, fetchNatsServer, type FetchOptions } from './fetch-nats-server.js';
import { OLDEST_NATS_SERVER, isNewEnough, natsServerVersion } from './version.js';

export interface FindNatsServerOptions extends FetchOptions {
  /** The value of TIDINGS_NATS_SERVER: the program to use, and no other. */
  readonly configured?: string | undefined;
  /** Where to keep what is fetched when the project's own folder may not be written. */
  readonly fallbackCache?: string;
}

async function checkConfigured(program: string): Promise<string> {
  const version = await natsServerVersion(program);
  if (version === undefined)
    throw new Unavailable(
      `TIDINGS_NATS_SERVER is ${program}, which does not run as a nats-server. ${WAY_OUT}`,
    );
  if (!isNewEnough(version))
    throw new Unavailable(
      `TIDINGS_NATS_SERVER is ${program}, version ${version}; ${OLDEST_NATS_SERVER} or newer is needed. ${WAY_OUT}`,
    );
  return program;
}

let underWay: Promise<string> | undefined;

/**
 * The nats-server to run: the configured one, else the one on PATH if it is new
 * enough, else one fetched earlier, else one fetched now.
 * @returns a path, or the bare name when it is on PATH
 * @throws Unavailable when there is none to be had, saying what to do; AbortError when the signal is aborted
 */
export async function findNatsServer(options: FindNatsServerOptions = {}): Promise<string> {
  if (options.configured !== undefined) return checkConfigured(options.configured);
  for (const program of ['nats-server', ...cachedPrograms(options.fallbackCache)]) {
    const version = await natsServerVersion(program);
    if (version !== undefined && isNewEnough(version)) return program;
  }
  // Two that ask at once in one process wait for one download.
  underWay ??= cacheFolder(options.fallbackCache)
    .then((folder) => fetchNatsServer(folder, options))
    .finally(() => (underWay = undefined));
  return underWay;
}
