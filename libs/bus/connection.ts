import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Outbox } from './outbox.js';

/** The wires that the rest of this folder works on. Not exported from the lib. */
export interface Wires {
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  /** All that goes out often goes out through here. */
  outbox: Outbox;
  /** On how many servers each stream and bucket is kept. */
  replicas: number;
}

/** JetStream's own calls (stream and consumer management) wait this long for an answer. */
const API_TIMEOUT_MS = 10_000;
const RECONNECT_WAIT_MS = 250;

export interface BusOptions {
  /** One server or several with commas between; user and password as userinfo of the first. */
  url: string;
  /** What the server shows as the connection's name. */
  name: string;
  /** For how long a server that is not there yet is waited for, milliseconds. */
  waitMs?: number;
  /** On how many servers each stream and bucket is kept; one when left out. */
  replicas?: number;
}

/** NATS could not be reached or refused us; the message says which and names the server. */
export class BusUnreachableError extends Error {
  override readonly name = 'BusUnreachableError';
}

/**
 * Connects, and from then on connects again whenever the connection is lost.
 * @throws BusUnreachableError when no server answered in time or it refused the credentials
 */
export async function openWires({ url, name, waitMs = 30_000, replicas = 1 }: BusOptions): Promise<Wires> {
  const { servers, user, pass } = parseUrl(url);
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      const connection = await connect({
        servers,
        name,
        ...(user === undefined ? {} : { user, pass: pass ?? '' }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        reconnectJitter: RECONNECT_WAIT_MS,
        // A restarted server may not know our account for a moment; giving up would need a restart of ours.
        ignoreAuthErrorAbort: true,
        timeout: 5_000,
      });
      const manager = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS });
      return {
        connection,
        manager,
        jetstream: jetstream(connection, { timeout: API_TIMEOUT_MS }),
        outbox: new Outbox(),
        replicas,
      };
    } catch (error) {
      if (Date.now() > deadline || /authorization/i.test(String(error))) {
        throw new BusUnreachableError(`NATS at ${servers.join(', ')} cannot be used: ${String(error)}`, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_WAIT_MS));
    }
  }
}

function parseUrl(text: string): { servers: string[]; user?: string; pass?: string } {
  const urls = text.split(',').map((part) => new URL(part.includes('://') ? part : `nats://${part}`));
  const servers = urls.map((url) => url.host);
  const [first] = urls;
  if (!first?.username) return { servers };
  return { servers, user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) };
}
