import { setTimeout as sleep } from 'node:timers/promises';
import type { SeqMsgRequest } from '@nats-io/jetstream';
import type { Wires } from './connection.js';

/**
 * Up to when a durable consumer has acknowledged all that its stream holds: the
 * time of the first message that it has not, or now when there is none.
 * @returns milliseconds since 1970
 * @throws when NATS cannot be asked, or has no such consumer
 */
export async function readUpTo({ manager }: Wires, stream: string, durable: string): Promise<number> {
  const now = Date.now();
  const { num_pending, num_ack_pending, ack_floor } = await manager.consumers.info(stream, durable);
  if (num_pending === 0 && num_ack_pending === 0) return now;
  // The server finds the first at or after a sequence; the client's type knows that of its direct API only.
  const first = { seq: ack_floor.stream_seq + 1, next_by_subj: '>' } as SeqMsgRequest;
  const message = await manager.streams.getMessage(stream, first);
  return message ? Math.min(now, message.time.getTime()) : now;
}

const POLL_MS = 50;

/**
 * Waits until a durable consumer has acknowledged all that its stream holds now.
 * @returns whether it has, within the time
 * @throws when NATS cannot be asked, or has no such consumer
 */
export async function readAll(
  { manager }: Pick<Wires, 'manager'>,
  stream: string,
  durable: string,
  withinMs: number,
): Promise<boolean> {
  const { state } = await manager.streams.info(stream);
  const deadline = Date.now() + withinMs;
  for (;;) {
    const info = await manager.consumers.info(stream, durable);
    if (info.ack_floor.stream_seq >= state.last_seq) return true;
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
}
