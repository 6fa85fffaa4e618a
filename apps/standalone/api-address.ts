import { Unavailable, freePort, listenFault } from '#embedded';

export interface ApiAddress {
  readonly host: string;
  readonly port: number;
  /** As clients on this machine reach it. */
  readonly url: string;
}

const EVERYWHERE: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export function urlOf(host: string, port: number): string {
  const reached = EVERYWHERE[host] ?? host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/**
 * Where the admin API will listen, checked before anything is started.
 * @param port 0 takes any free one
 * @throws Unavailable when no server can listen there
 */
export async function claimApiAddress(host: string, port: number): Promise<ApiAddress> {
  const fault = await listenFault(host, port);
  if (fault === 'EADDRINUSE')
    throw new Unavailable(
      `Port ${port} on ${host} is in use by another program. Stop that one, or set TIDINGS_PORT to another port (0 takes any free one).`,
    );
  if (fault === 'EACCES')
    throw new Unavailable(
      `This user may not listen on port ${port}. Set TIDINGS_PORT to a port of 1024 or above.`,
    );
  if (fault !== undefined)
    throw new Unavailable(
      `No server can listen on ${host} (${fault}). Set TIDINGS_HOST to an address of this machine, such as 127.0.0.1.`,
    );
  const chosen = port === 0 ? await freePort(host) : port;
  return { host, port: chosen, url: urlOf(host, chosen) };
}
