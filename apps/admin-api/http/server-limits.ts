import type { Server } from 'node:http';

/** What the server bears of one client, so that others are served meanwhile. */
export interface ServerLimits {
  /** Until a request's headers are there, milliseconds. */
  headersMs: number;
  /** Until all of a request is there, milliseconds. */
  requestMs: number;
  /** For how long nothing may happen on a connection, milliseconds. */
  silenceMs: number;
  /** For how long a connection is kept for a next request, milliseconds. */
  keepAliveMs: number;
  /** How often connections are looked at, milliseconds: a limit may be exceeded by so much. */
  lookEveryMs: number;
  /** Connections at once; more are closed as they come. */
  connections: number;
}

/** The request line with its URL, and all headers; more is 431. */
const MAX_HEADER_BYTES = 16_384;

export const SERVER_LIMITS: ServerLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  // A test attempt may take 300 s until it is answered, and a few more.
  silenceMs: 330_000,
  keepAliveMs: 72_000,
  lookEveryMs: 2_000,
  connections: 10_000,
};

/** The limits as Fastify and the server of Node under it take them. */
export function limitsOfServer(limits: ServerLimits) {
  return {
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: limits.keepAliveMs,
    node: {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.lookEveryMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  };
}

/** What can be said only to a server that is there. */
export function limitConnections(server: Server, { connections }: ServerLimits): void {
  server.maxConnections = connections;
}
