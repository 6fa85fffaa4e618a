import { latencyPercentiles, type Counts } from '#persistence';
import type { Figures } from './statistics-schemas.js';

/**
 * What counts say, in the names of the API.
 * @param ofWebhook whether they are about one webhook: its events are those that it was owed
 */
export function figuresOf(counts: Counts, ofWebhook: boolean): Figures {
  // Of a delivery that was left when its day went, a tally knows the later end and not the beginning.
  const said = (name: string) => Math.max(0, counts[name] ?? 0);
  const ended = { success: said('deliveries.success'), failed: said('deliveries.failed') };
  const open = {
    pending: said('deliveries.pending'),
    sending: said('deliveries.sending'),
    retrying: said('deliveries.retrying'),
  };
  const deliveries = { ...ended, ...open, cancelled: said('deliveries.cancelled') };
  const total = Object.values(deliveries).reduce((sum, count) => sum + count, 0);
  const made = { success: said('attempts.success'), failed: said('attempts.failed') };
  const attempts = made.success + made.failed;
  const [p50 = null, p95 = null, p99 = null] = latencyPercentiles(counts, [0.5, 0.95, 0.99]);
  return {
    events: ofWebhook ? total : said('events'),
    events_unmatched: said('events.unmatched'),
    events_rejected: said('events.rejected'),
    deliveries: { total, ...deliveries },
    attempts: {
      total: attempts,
      ...made,
      dropped: said('attempts.dropped'),
      test: said('attempts.test'),
    },
    attempts_per_delivery: shareOf(attempts, total),
    success_rate: successRate(ended.success, ended.failed),
    latency_ms: { p50, p95, p99 },
    by_status_code: named(counts, 'status.'),
    by_error_kind: named(counts, 'error.'),
  };
}

/** Of what has ended one way or the other; null when nothing has. */
export function successRate(success: number, failed: number): number | null {
  return shareOf(success, success + failed);
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function named(counts: Counts, prefix: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in counts) {
    const count = counts[name] ?? 0;
    if (count > 0 && name.startsWith(prefix)) found[name.slice(prefix.length)] = count;
  }
  return found;
}
