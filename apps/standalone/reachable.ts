import { connect } from 'node:net';
import { Unavailable } from '#embedded';

const PATIENCE_MS = 5_000;

/** Why nothing answers at an address; undefined when something does. */
function fault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    const end = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer within ${PATIENCE_MS / 1000} seconds`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** The hosts and ports that an address names, without its credentials; NATS takes a list. */
export function placesOf(
  address: string,
  defaultPort: number,
): { readonly host: string; readonly port: number }[] | undefined {
  const places = address.split(',').map((part) => {
    const text = part.includes('://') ? part.trim() : `nats://${part.trim()}`;
    if (!URL.canParse(text)) return undefined;
    const { hostname, port } = new URL(text);
    const host = decodeURIComponent(hostname).replace(/^\[|\]$/g, '') || '127.0.0.1';
    return { host, port: port === '' ? defaultPort : Number(port) };
  });
  return places.every((place) => place !== undefined) ? places : undefined;
}

/**
 * Makes sure that something listens where a variable points to, if it is set.
 * @throws Unavailable when nothing does; the message holds no credentials
 */
export async function expectReachable(
  variable: string,
  address: string | undefined,
  defaultPort: number,
): Promise<void> {
  if (address === undefined) return;
  const places = placesOf(address, defaultPort);
  if (places === undefined)
    throw new Unavailable(`${variable} is not an address such as scheme://host:port.`);
  const faults = await Promise.all(
    places.map(async ({ host, port }) => {
      const reason = await fault(host, port);
      return reason === undefined ? undefined : `${host}:${port} (${reason})`;
    }),
  );
  if (faults.some((reason) => reason === undefined)) return;
  throw new Unavailable(
    `${variable} points to ${faults.join(' and ')}, which cannot be reached. Start that server, or unset ${variable} to use one that comes with Tidings.`,
  );
}
