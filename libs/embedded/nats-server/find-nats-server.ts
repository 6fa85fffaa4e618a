import { Unavailable } from '../unavailable.js';
import { cacheFolder, cachedPrograms, fillCache } from './cache.js';
import { fetchDebianPackage } from './debian-package.js';
import { fetchOfficialRelease } from './official-release.js';
import { OLDEST_NATS_SERVER, isNewEnough, natsServerVersion } from './version.js';

export interface FindNatsServerOptions {
  /** The value of TIDINGS_NATS_SERVER: the program to use, and no other. */
  readonly configured?: string | undefined;
  /** Where to keep what is fetched when the project's own folder may not be written. */
  readonly fallbackCache?: string;
  readonly onProgress?: (what: string) => void;
  /** Gives up fetching. */
  readonly signal?: AbortSignal;
}

/** Ways to get the program where there is none, in the order in which they are tried. */
const SOURCES = [
  { name: 'its official release', fetch: fetchOfficialRelease },
  { name: "Debian's package", fetch: fetchDebianPackage },
];

const WAY_OUT = `Install nats-server ${OLDEST_NATS_SERVER} or newer (https://nats.io/download), or set TIDINGS_NATS_SERVER to its path, or TIDINGS_NATS_URL to a server that runs.`;

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

/** apt and tar say a lot; the line that names the error is what helps. */
function briefly(error: unknown): string {
  const stderr = ((error as { stderr?: string }).stderr ?? '').trim();
  const line = stderr.split('\n').find((text) => text.startsWith('E: ')) ?? stderr.split('\n').at(-1);
  if (line) return line;
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

async function fetchNatsServer(options: FindNatsServerOptions): Promise<string> {
  const folder = await cacheFolder(options.fallbackCache);
  const failures: string[] = [];
  for (const { name, fetch } of SOURCES) {
    options.onProgress?.(`fetching nats-server from ${name}`);
    try {
      return await fillCache(folder, async (work) => {
        const program = await fetch(work, options.signal);
        const version = await natsServerVersion(program);
        if (version === undefined || !isNewEnough(version))
          throw new Error(`what came is version ${version ?? 'unknown'}`);
        return program;
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(`${name}: ${briefly(error)}`);
    }
  }
  throw new Unavailable(
    `No nats-server was found, and none could be fetched (${failures.join('; ')}). ${WAY_OUT}`,
  );
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
  underWay ??= fetchNatsServer(options).finally(() => (underWay = undefined));
  return underWay;
}
