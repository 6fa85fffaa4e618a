/** For how long after its due time a delivery may be under way before anyone wonders. */
export const GRACE_MS = 60_000;

const SOONEST_MS = 30_000;
/** Its message was there a moment ago: whether it still is can wait, and a backlog of 100,000 asks for 100,000 look-ups. */
const ONCE_OVERDUE_MS = 4 * 60_000;
const LATEST_MS = 15 * 60_000;

/** What is due is under way for a while. */
export function dueAt(delivery: { next_attempt_at: number | null; updated_at: number }): number {
  return delivery.next_attempt_at ?? delivery.updated_at;
}

/**
 * When to look at an open delivery again, in milliseconds since 1970: when its
 * time and the grace are over, or, where they are over already, the later the
 * longer it waits, for it may have to wait for its webhook. Waits are powers of
 * two, so that many deliveries share a few times, and the look may be early but
 * is late by half a minute at most.
 */
export function nextCheck(due: number, now: number): number {
  const until = due + GRACE_MS - now;
  const wait = until > 0 ? until : Math.min(Math.max(ONCE_OVERDUE_MS, -until), LATEST_MS);
  return now + SOONEST_MS * 2 ** Math.max(0, Math.floor(Math.log2(wait / SOONEST_MS)));
}
