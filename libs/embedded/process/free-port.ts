import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take the near end of outgoing connections
 * (32768 and up on Linux, 49152 and up elsewhere): a port of a server that is
 * being started again cannot be taken by a webhook call in between.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 100;

/** Ports that this process has tried or given out; the latter may not be listened on yet. */
const givenOut = new Set<number>();

/** Why a server cannot listen there (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, ...); undefined when it can. */
export function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * A port on which nothing listens now.
 * @param preferred taken when it is free, so that addresses stay the same over restarts
 * @throws Error when none is found
 */
export async function freePort(host = '127.0.0.1', preferred?: number): Promise<number> {
  if (preferred !== undefined && (await listenFault(host, preferred)) === undefined) return preferred;
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (givenOut.has(port)) continue;
    givenOut.add(port);
    const fault = await listenFault(host, port);
    if (fault === undefined) return port;
    if (fault !== 'EADDRINUSE') throw new Error(`No server can listen on ${host}: ${fault}.`);
  }
  throw new Error(`No free port was found on ${host} between ${LOWEST} and ${HIGHEST}.`);
}
