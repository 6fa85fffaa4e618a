import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { accessOptions, BusAccessError, type BusAccess } from './access.js';
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
  /** What the subjects begin with that answers come back on: of this app alone, so that a user may read its own only. */
  inboxPrefix: string;
}

/** JetStream's own calls (stream and consumer management) wait this long for an answer. */
const API_TIMEOUT_MS = 10_000;
const RECONNECT_WAIT_MS = 250;
/** What a server takes by default. Facts and deliveries stay below it; where one did not, it would be tried for ever. */
const NEEDED_PAYLOAD_BYTES = 1024 * 1024;

export interface BusOptions {
  /** One server or several with commas between; user and password as userinfo of the first. */
  url: string;
  /** What the server shows as the connection's name; answers come back on `_INBOX.<name>.>`. */
  name: string;
  /** Files that say who we are and whom we trust, where the URL does not. */
  access?: BusAccess | undefined;
  /** For how long a server that is not there yet is waited for, milliseconds. */
  waitMs?: number;
  /** On how many servers each stream and bucket is kept; one when left out. */
  replicas?: number;
}

/** NATS could not be reached or refused us; the message says which and names the server. */
export class BusUnreachableError extends Error {
  override readonly name = 'BusUnreachableError';
}

/** What no waiting mends: we are refused, or the server does not prove who it is. */
const REFUSED = /authorization|authentication|permissions|expired|certificate|altnames|\btls\b|\bssl\b/i;

/**
 * Connects, and from then on connects again whenever the connection is lost.
 * @throws BusUnreachableError in one sentence, when no server answered in time, when it refused us or its certificate is
 *   not to be trusted, when it takes smaller messages than Tidings writes, and when a file that `access` names cannot be used
 */
export async function openWires(options: BusOptions): Promise<Wires> {
  const { url, name, access, waitMs = 30_000, replicas = 1 } = options;
  const inboxPrefix = `_INBOX.${name.replace(/[^A-Za-z0-9_-]/g, '-')}`;
  const given = optionsOf(url, access);
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      const connection = await connect({
        ...given,
        name,
        inboxPrefix,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        reconnectJitter: RECONNECT_WAIT_MS,
        // A restarted server may not know our account for a moment; giving up would need a restart of ours.
        ignoreAuthErrorAbort: true,
        timeout: 5_000,
      });
      await refuseSmallPayloads(connection);
      return { ...(await jetstreamOf(connection)), outbox: new Outbox(), replicas, inboxPrefix };
    } catch (error) {
      if (error instanceof BusUnreachableError) throw error;
      if (Date.now() > deadline || REFUSED.test(textOf(error)))
        throw new BusUnreachableError(
          `NATS at ${given.servers.join(', ')} cannot be used: ${textOf(error)}.`,
          {
            cause: error,
          },
        );
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_WAIT_MS));
    }
  }
}

/** @throws BusUnreachableError; the connection is closed then */
async function refuseSmallPayloads(connection: NatsConnection): Promise<void> {
  const most = connection.info?.max_payload ?? Infinity;
  if (most >= NEEDED_PAYLOAD_BYTES) return;
  const server = connection.getServer();
  await connection.close();
  throw new BusUnreachableError(
    `NATS at ${server} cannot be used: its max_payload is ${most} bytes, and Tidings needs ${NEEDED_PAYLOAD_BYTES} or more.`,
  );
}

/** @throws when JetStream does not serve, as in a cluster that has no leader yet; the connection is closed then */
async function jetstreamOf(
  connection: NatsConnection,
): Promise<Pick<Wires, 'connection' | 'manager' | 'jetstream'>> {
  try {
    const manager = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS });
    return { connection, manager, jetstream: jetstream(connection, { timeout: API_TIMEOUT_MS }) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function optionsOf(url: string, access: BusAccess | undefined): ReturnType<typeof accessOptions> {
  try {
    return accessOptions(url, access);
  } catch (error) {
    if (error instanceof BusAccessError) throw new BusUnreachableError(`${error.message}.`, { cause: error });
    throw error;
  }
}

/** What went wrong; a fault of TLS has its words in its cause. */
function textOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const text = String(error).replace(/\.$/, '');
  return cause instanceof Error && !text.includes(cause.message) ? `${text} (${cause.message})` : text;
}
