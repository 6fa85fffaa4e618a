import { Unavailable } from '../unavailable.js';
import { fillCache } from './cache.js';
import { fetchDebianPackage } from './debian-package.js';
import { fetchOfficialRelease } from './official-release.js';
import { OLDEST_NATS_SERVER, isNewEnough, natsServerVersion } from './version.js';

export interface FetchOptions {
  readonly onProgress?: (what: string) => void;
  /** Gives up fetching. */
  readonly signal?: AbortSignal;
}

/** A place to get nats-server from. */
export interface Source {
  readonly name: string;
  /** Given an empty folder to work in, answers with the program's path in it. */
  fetch(folder: string, signal?: AbortSignal): Promise<string>;
}

/** In the order in which they are tried. */
const SOURCES: readonly Source[] = [
  { name: 'its official release', fetch: fetchOfficialRelease },
  { name: "Debian's package", fetch: fetchDebianPackage },
];

export const WAY_OUT = `Install nats-server ${OLDEST_NATS_SERVER} or newer (https://nats.io/download), or set TIDINGS_NATS_SERVER to its path, or TIDINGS_NATS_URL to a server that runs.`;

/** apt and tar say a lot; the line that names the error is what helps. */
function briefly(error: unknown): string {
  const stderr = ((error as { stderr?: string }).stderr ?? '').trim();
  const line = stderr.split('\n').find((text) => text.startsWith('E: ')) ?? stderr.split('\n').at(-1);
  if (line) return line;
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

/**
 * Fetches nats-server into the cache, from the first source that has one that
 * runs here and is new enough.
 * @returns the program's path
 * @throws Unavailable naming each source's failure and the way out; AbortError when the signal is aborted
 */
export async function fetchNatsServer(
  cache: string,
  { onProgress, signal }: FetchOptions = {},
  sources: readonly Source[] = SOURCES,
): Promise<string> {
  const failures: string[] = [];
  for (const source of sources) {
    onProgress?.(`fetching nats-server from ${source.name}`);
    try {
      return await fillCache(cache, async (folder) => {
        const program = await source.fetch(folder, signal);
        const version = await natsServerVersion(program);
        if (version === undefined || !isNewEnough(version))
          throw new Error(`what came is version ${version ?? 'unknown'}`);
        return program;
      });
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(`${source.name}: ${briefly(error)}`);
    }
  }
  throw new Unavailable(
    `No nats-server was found, and none could be fetched (${failures.join('; ')}). ${WAY_OUT}`,
  );
}
