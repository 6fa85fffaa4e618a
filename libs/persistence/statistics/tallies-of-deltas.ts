import { addCounts, type Counts } from './counts.js';
import type { Delta } from './deltas-of-batch.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What is to be added to one tally. */
export interface TallyChange {
  tenant: string;
  webhook_id: string;
  event_type: string;
  /** Milliseconds since 1970. */
  starts_at: number;
  counts: Counts;
  /** Milliseconds since 1970; 0 when there was no attempt. */
  last_attempt_at: number;
}

/**
 * Gathers deltas into what is to be added to each tally: hours of a tenant, of
 * each webhook, of each event type and of both together; minutes of a tenant
 * and of each webhook.
 */
export class TallyChanges {
  readonly hours = new Map<string, TallyChange>();
  readonly minutes = new Map<string, TallyChange>();

  /** @param minutesFrom minutes that began before are kept no more, milliseconds since 1970 */
  constructor(private readonly minutesFrom: number) {}

  add(delta: Delta): void {
    const [tenant, webhook, type, minute] = delta;
    const at = minute * MINUTE_MS;
    const hour = at - (at % HOUR_MS);
    // What is about no webhook is about events.
    for (const of of webhook === '' ? [''] : ['', webhook]) {
      if (at >= this.minutesFrom) addTo(this.minutes, tenant, of, '', at, delta);
      addTo(this.hours, tenant, of, '', hour, delta);
      addTo(this.hours, tenant, of, type, hour, delta);
    }
  }
}

function addTo(
  changes: Map<string, TallyChange>,
  tenant: string,
  webhook_id: string,
  event_type: string,
  starts_at: number,
  [, , , , counts, last]: Delta,
): void {
  const key = `${tenant}\n${webhook_id}\n${starts_at}\n${event_type}`;
  let change = changes.get(key);
  if (!change) {
    change = { tenant, webhook_id, event_type, starts_at, counts: {}, last_attempt_at: 0 };
    changes.set(key, change);
  }
  addCounts(change.counts, counts);
  change.last_attempt_at = Math.max(change.last_attempt_at, last);
}
