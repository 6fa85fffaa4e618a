import { request } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { ProxyError } from './failure.js';

const TIMEOUT_MS = 10_000;

/** An outbound proxy, set on purpose. */
export interface Proxy {
  host: string;
  port: number;
  /** The header `proxy-authorization`. */
  authorization: string | undefined;
}

/**
 * @param text `http://[user:password@]host:port`
 * @throws Error when it is none; the text, which may hold a password, is not quoted
 */
export function proxyOf(text: string): Proxy {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:')
    throw new Error('The outbound proxy must be http://[user:password@]host:port.');
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 80),
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/**
 * Opens a tunnel (CONNECT, RFC 9110 section 9.3.6) to the first of these
 * addresses to which the proxy connects.
 *
 * @param addresses that the guard has let through: the proxy looks nothing up
 * @throws ProxyError that tells no more than whether the proxy is there
 */
export async function openTunnel(proxy: Proxy, addresses: string[], port: number): Promise<Socket> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let failure = new ProxyError('The outbound proxy did not make the connection.');
  for (const address of addresses) {
    try {
      return await tunnelTo(proxy, `${isIPv6(address) ? `[${address}]` : address}:${port}`, signal);
    } catch (error) {
      failure = error as ProxyError;
    }
  }
  throw failure;
}

function tunnelTo(
  { host, port, authorization }: Proxy,
  target: string,
  signal: AbortSignal,
): Promise<Socket> {
  const headers = {
    host: target,
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
  };
  return new Promise((opened, failed) => {
    request({ host, port, method: 'CONNECT', path: target, headers, agent: false, signal })
      .on('connect', ({ statusCode = 0 }, socket: Socket, head) => {
        // Whoever takes the socket over listens for its errors a moment later.
        socket.on('error', () => undefined);
        if (statusCode < 200 || statusCode > 299) {
          socket.destroy();
          failed(new ProxyError('The outbound proxy did not make the connection.'));
          return;
        }
        if (head.length > 0) socket.unshift(head);
        opened(socket.setNoDelay(true).setKeepAlive(true, 60_000));
      })
      .on('error', () => failed(new ProxyError('The outbound proxy cannot be reached.')))
      .end();
  });
}
