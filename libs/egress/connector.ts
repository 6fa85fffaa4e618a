import type { LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { secureContextOf, type TlsIdentity } from './tls-identity.js';

/**
 * Makes connections to addresses that `lookup` lets through.
 *
 * @returns for each identity, or none, what makes its connections
 * @throws Error (of what is returned) when an identity is none
 */
export function connectorsOf(lookup: LookupFunction): (identity?: TlsIdentity) => buildConnector.connector {
  const options = { lookup, allowH2: false };
  const anonymous = telling(buildConnector(options));
  return (identity) =>
    identity === undefined
      ? anonymous
      : telling(buildConnector({ ...options, secureContext: secureContextOf(identity) }));
}

/**
 * A receiver that misses a client certificate says so in an alert and closes:
 * undici takes the close for the error. The socket ends with its first error
 * instead (client-certificate.int.spec.ts: "demands a certificate").
 */
function telling(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...connected) => {
      const [, socket] = connected;
      if (socket instanceof TLSSocket) socket.once('error', (error: Error) => socket.destroy(error));
      callback(...connected);
    });
}
