import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { dayOf, ensureDayPartitions, type DataSource } from '#persistence';
import { OPERATOR_KEY, type TestApi } from './api-for-tests.js';

/** 90 MB, more than two sockets hold: Linux lets one grow to 37 MB. */
const EVENTS = 6_000;
const BYTES = 15_000;

/** Writes large events of today for a tenant. @returns how many */
export async function recordLargeEvents(
  database: DataSource,
  tenant: string,
  count = EVENTS,
): Promise<number> {
  await ensureDayPartitions(database, [dayOf(Date.now() - 20_000), dayOf(Date.now())]);
  await database.query(
    `INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, metadata, sequence, status, reason, match_count)
     SELECT $1, 'large-' || i, now() - interval '10 seconds' + i * interval '1 millisecond', 'order.paid', now()::text,
            '"' || repeat('x', ${BYTES}) || '"', NULL, i, 'accepted', NULL, 0
       FROM generate_series(1, ${count}) AS i`,
    [tenant],
  );
  return count;
}

/** Asks for an export as the operator, and once it has begun reads no more of the answer until the socket is resumed. */
export async function askSlowly(api: TestApi, tenant: string, target: string): Promise<Socket> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(
    `GET ${target} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${OPERATOR_KEY}\r\ntidings-tenant: ${tenant}\r\n\r\n`,
  );
  await once(socket, 'readable');
  socket.pause();
  return socket;
}
