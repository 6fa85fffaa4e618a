import { isIP, type LookupFunction, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { openTunnel, type Proxy } from './proxy-tunnel.js';
import { secureContextOf, type TlsIdentity } from './tls-identity.js';

type Connector = buildConnector.connector;

/**
 * Makes connections to addresses that `lookup` lets through.
 *
 * @param proxy through which every connection goes, if there is one
 * @returns for each identity, or none, what makes its connections
 * @throws Error (of what is returned) when an identity is none
 */
export function connectorsOf(lookup: LookupFunction, proxy?: Proxy): (identity?: TlsIdentity) => Connector {
  const build = (identity?: TlsIdentity): Connector => {
    const secureContext = identity === undefined ? {} : { secureContext: secureContextOf(identity) };
    const direct = telling(buildConnector({ lookup, allowH2: false, ...secureContext }));
    return proxy === undefined ? direct : through(proxy, lookup, direct);
  };
  const anonymous = build();
  return (identity) => (identity === undefined ? anonymous : build(identity));
}

/**
 * A receiver that misses a client certificate says so in an alert and closes:
 * undici takes the close for the error. The socket ends with its first error
 * instead (client-certificate.int.spec.ts: "demands a certificate").
 */
function telling(connect: Connector): Connector {
  return (options, callback) =>
    connect(options, (...connected) => {
      const [, socket] = connected;
      if (socket instanceof TLSSocket) socket.once('error', (error: Error) => socket.destroy(error));
      callback(...connected);
    });
}

/** The proxy is told a checked address and nothing else; the name goes to the receiver, inside the tunnel. */
function through(proxy: Proxy, lookup: LookupFunction, direct: Connector): Connector {
  const connect = async (options: buildConnector.Options): Promise<Socket> => {
    const { hostname, protocol, port } = options;
    const addresses = isIP(hostname) === 0 ? await addressesOf(hostname, lookup) : [hostname];
    const httpSocket = await openTunnel(proxy, addresses, Number(port || (protocol === 'https:' ? 443 : 80)));
    if (protocol !== 'https:') return httpSocket;
    return new Promise((secured, failed) =>
      direct({ ...options, httpSocket }, (error, socket) => (error ? failed(error) : secured(socket))),
    );
  };
  return (options, callback) => {
    connect(options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

function addressesOf(hostname: string, lookup: LookupFunction): Promise<string[]> {
  return new Promise((found, failed) =>
    lookup(hostname, { all: true }, (error, all) => {
      if (error) failed(error);
      else found((all as { address: string }[]).map(({ address }) => address));
    }),
  );
}
