import type { OpenBreaker } from '#bus';
import type { AttemptRates, WebhookActivityRow, WebhookRow } from '#persistence';
import type { WebhookHealth } from './health-schemas.js';

/** What is known of a webhook, from the control plane, the record and NATS; undefined is what NATS did not say. */
export interface HealthSources {
  webhook: Pick<WebhookRow, 'status' | 'disabled_reason'>;
  activity: WebhookActivityRow | null;
  rates: AttemptRates;
  /** Null when none is open. */
  breaker: OpenBreaker | null | undefined;
  laneLength: number | undefined;
}

/** @param now milliseconds since 1970 */
export function healthViewOf(sources: HealthSources, now: number): WebhookHealth {
  const { webhook, activity, rates, breaker, laneLength } = sources;
  return {
    status: webhook.status,
    disabled_reason: webhook.disabled_reason,
    breaker: breaker === undefined ? null : breakerView(breaker, now),
    lane: laneLength === undefined ? null : { length: laneLength },
    rates: {
      attempts_last_hour: rates.attempts,
      failed_last_hour: rates.failed,
      success_rate_last_hour: rates.attempts === 0 ? null : 1 - rates.failed / rates.attempts,
      complete: rates.complete,
    },
    last_attempt_at: shown(activity?.last_attempt_at),
    last_success_at: shown(activity?.last_success_at),
    last_failure_at: shown(activity?.last_failure_at),
    failing_since: shown(activity?.failing_since),
  };
}

function breakerView(breaker: OpenBreaker | null, now: number): WebhookHealth['breaker'] {
  if (!breaker) return { state: 'closed', failures: null, opened_at: null, next_probe_at: null };
  const { failures, opened_at, next_probe_at } = breaker.snapshot;
  return {
    state: next_probe_at <= now ? 'half_open' : 'open',
    failures,
    opened_at: shown(new Date(opened_at)),
    next_probe_at: shown(new Date(next_probe_at)),
  };
}

function shown(time: Date | null | undefined): string | null {
  return time?.toISOString() ?? null;
}
