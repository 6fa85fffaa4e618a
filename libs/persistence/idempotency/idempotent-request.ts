import { randomUUID } from 'node:crypto';
import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { IdempotencyRow } from './idempotency-row.js';

/** A request, as its sender and we know it again. */
export interface IdempotentRequest {
  tenant: TenantId;
  /** What the sender called it. */
  key: string;
  route: string;
  /** Of all that makes it another request. */
  hash: Buffer;
}

export type Begun =
  /** It is ours to run. */
  | { kind: 'held'; holder: string }
  | { kind: 'answered'; answer: string }
  | { kind: 'in_flight' }
  /** The key was used for another request. */
  | { kind: 'other_request' };

/** An answer is given again for this long. */
const KEPT_HOURS = 24;

/**
 * Begins a request unless it was begun before. Of any number that begin it at
 * once, on whatever replica, one holds it.
 * @param leaseMs after which it may be taken over, unless `holdOn` says that it still runs
 */
export async function beginRequest(
  dataSource: DataSource,
  { tenant, key, route, hash }: IdempotentRequest,
  leaseMs: number,
): Promise<Begun> {
  const holder = randomUUID();
  const lease = `${leaseMs} milliseconds`;
  const held: unknown[] = await dataSource.query(
    `INSERT INTO idempotency_keys AS held (tenant, key, route, request_hash, holder, held_until, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + $6::interval, now() + make_interval(hours => $7))
     ON CONFLICT (tenant, key, route) DO UPDATE
       SET request_hash = excluded.request_hash, holder = excluded.holder, held_until = excluded.held_until,
           expires_at = excluded.expires_at, answer = NULL
       WHERE held.expires_at < now()
          OR (held.answer IS NULL AND held.held_until < now() AND held.request_hash = excluded.request_hash)
     RETURNING holder`,
    [tenant, key, route, hash, holder, lease, KEPT_HOURS],
  );
  if (held.length > 0) return { kind: 'held', holder };
  const known = await dataSource.manager.findOneBy(IdempotencyRow, { tenant, key, route });
  // It was let go in between; whoever asks again may hold it.
  if (!known) return { kind: 'in_flight' };
  if (!known.request_hash.equals(hash)) return { kind: 'other_request' };
  return known.answer === null ? { kind: 'in_flight' } : { kind: 'answered', answer: known.answer };
}

/** Says that a request still runs. */
export async function holdOn(
  dataSource: DataSource,
  request: IdempotentRequest,
  holder: string,
  leaseMs: number,
): Promise<void> {
  await dataSource.query(
    `UPDATE idempotency_keys SET held_until = now() + $5::interval
     WHERE (tenant, key, route) = ($1, $2, $3) AND holder = $4`,
    [request.tenant, request.key, request.route, holder, `${leaseMs} milliseconds`],
  );
}

/** Keeps the answer, if the request is still held. */
export async function keepAnswer(
  dataSource: DataSource,
  { tenant, key, route }: IdempotentRequest,
  holder: string,
  answer: string,
): Promise<void> {
  await dataSource.manager.update(IdempotencyRow, { tenant, key, route, holder }, { answer });
}

/** Lets go of a request that may be tried again. */
export async function letGo(
  dataSource: DataSource,
  { tenant, key, route }: IdempotentRequest,
  holder: string,
): Promise<void> {
  await dataSource.manager.delete(IdempotencyRow, { tenant, key, route, holder });
}

/** Removes what has expired, a portion at a time. @returns how many */
export async function forgetExpired(dataSource: DataSource, portion = 10_000): Promise<number> {
  const gone: [unknown[], number] = await dataSource.query(
    `DELETE FROM idempotency_keys WHERE ctid IN
       (SELECT ctid FROM idempotency_keys WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [portion],
  );
  return gone[1];
}
