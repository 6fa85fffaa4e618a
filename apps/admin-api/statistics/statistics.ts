import { Injectable } from '@nestjs/common';
import { WebhookNotFound, type TenantId, type WebhookId } from '#domain';
import {
  addCounts,
  DataSource,
  findWebhook,
  lastAttemptAt,
  readTallies,
  retryQueue,
  topFailing,
  type Counts,
  type TallyScope,
} from '#persistence';
import { found } from '../http/found.js';
import { invalidRequest } from '../problems/problem.js';
import { figuresOf, successRate } from './figures.js';
import type { Series, SeriesQuery, Stats } from './statistics-schemas.js';
import { stepsOf, windowSpan, type Length } from './windows.js';

const TOP_FAILING = 10;

/** Figures over longer times, from what is counted with the record (docs/adr/0010). */
@Injectable()
export class Statistics {
  constructor(private readonly database: DataSource) {}

  /** @throws WebhookNotFound when the tenant has no such webhook */
  async stats(tenant: TenantId, scope: TallyScope, window: Length): Promise<Stats> {
    await this.foundWebhook(tenant, scope.webhook_id);
    const span = windowSpan(window, Date.now(), hasMinutes(scope));
    const counted = readTallies(this.database, tenant, scope, span);
    const [times, last, retrying, failing] = await Promise.all([
      counted,
      // Asked for afterwards: what is counted has a last time.
      counted.then(() => lastAttemptAt(this.database, tenant, scope)),
      retryQueue(this.database, tenant, scope),
      topFailing(this.database, tenant, scope, span, TOP_FAILING),
    ]);
    const counts: Counts = {};
    for (const time of times) addCounts(counts, time.counts);
    return {
      window: window.text,
      since: shown(span.since),
      until: shown(span.until),
      ...figuresOf(counts, scope.webhook_id !== undefined),
      last_triggered_at: last?.toISOString() ?? null,
      retry_queue: retrying,
      top_failing: failing.map(({ webhook_id, name, failed, succeeded: success }) => ({
        ...{ webhook_id, name, failed, success },
        success_rate: successRate(success, failed),
      })),
    };
  }

  /**
   * @throws WebhookNotFound when the tenant has no such webhook
   * @throws Problem 422 when the step does not fit
   */
  async series(tenant: TenantId, { window, step, ...scope }: SeriesQuery): Promise<Series> {
    const steps = stepsOf(window, step, Date.now(), hasMinutes(scope));
    if ('message' in steps) throw invalidRequest([steps]);
    await this.foundWebhook(tenant, scope.webhook_id);
    const { starts, span } = steps;
    const counts = new Map<number, Counts>();
    for (const time of await readTallies(this.database, tenant, scope, span)) {
      const step = Math.floor((time.at - span.since) / steps.step.ms);
      const known = counts.get(step);
      if (known) addCounts(known, time.counts);
      else counts.set(step, time.counts);
    }
    return {
      ...{ window: window.text, step: steps.step.text },
      ...{ since: shown(span.since), until: shown(span.until) },
      webhook_id: scope.webhook_id ?? null,
      event_type: scope.event_type ?? null,
      points: starts.map((at, i) => ({
        starts_at: shown(at),
        ...figuresOf(counts.get(i) ?? {}, scope.webhook_id !== undefined),
      })),
    };
  }

  private async foundWebhook(tenant: TenantId, id: WebhookId | undefined): Promise<void> {
    if (id === undefined) return;
    found(await findWebhook(this.database, tenant, id), () => new WebhookNotFound(id));
  }
}

/** What is about an event type is counted by the hour alone. */
function hasMinutes({ event_type }: TallyScope): boolean {
  return event_type === undefined;
}

function shown(at: number): string {
  return new Date(at).toISOString();
}
