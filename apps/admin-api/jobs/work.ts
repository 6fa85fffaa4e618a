import type { TenantId, WebhookId } from '#domain';
import {
  countDeliveriesToRetry,
  deliveriesToRetry,
  type DataSource,
  type DeliveryFilter,
} from '#persistence';
import type { WantedDelivery, Wish } from '../deliveries/bring-back.js';
import { replayablePage, type ReplayChoice } from '../replays/replayable.js';

/** What a job does, with what it needs to know. */
export type JobPlan =
  | { kind: 'bulk_retry'; params: DeliveryFilter & { until: Date } }
  | { kind: 'webhook_replay'; params: WebhookReplay };

export interface WebhookReplay {
  webhook_id: WebhookId;
  only: 'failed' | ReplayChoice;
  since: Date;
  until: Date;
}

/** A part of what a job is about. */
export interface WorkPage {
  wanted: WantedDelivery[];
  /** Where the next part begins; null when this is the last one. */
  next: string | null;
}

/** What a job is about, in parts that follow each other by their keys, so that rows which arrive or change move none. */
export interface Work {
  trigger: Wish['trigger'];
  /** The webhook, where it is about one. */
  webhook: WebhookId | undefined;
  count: () => Promise<number>;
  /** @param cursor what an earlier part gave, null for the first */
  page: (cursor: string | null) => Promise<WorkPage>;
}

/** Deliveries of a part, or events of which a part looks at. */
const PAGE = 500;

/** What a plan means for a tenant. @throws JobCannotGoOn, by count and page, when its webhook is gone or disabled */
export function workOf(database: DataSource, tenant: TenantId, plan: JobPlan): Work {
  const { kind, params } = plan;
  if (kind === 'bulk_retry') return retries(database, tenant, params, 'manual');
  const { webhook_id, only, since, until } = params;
  if (only === 'failed')
    return retries(database, tenant, { webhook_id, status: 'failed', since, until }, 'replay');
  const page = (cursor: string | null) =>
    replayablePage(database, tenant, { webhook: webhook_id, only, since, until }, cursor, PAGE);
  return { trigger: 'replay', webhook: webhook_id, page, count: () => countPages(page) };
}

function retries(
  database: DataSource,
  tenant: TenantId,
  filter: DeliveryFilter,
  trigger: Wish['trigger'],
): Work {
  return {
    trigger,
    webhook: filter.webhook_id,
    count: () => countDeliveriesToRetry(database, tenant, filter),
    page: async (cursor) => {
      const rows = await deliveriesToRetry(database, tenant, filter, cursor, PAGE);
      const wanted = rows.map(({ id, created_at, event_id, webhook_id, ...known }): WantedDelivery => {
        return { id, created_at, event: event_id, webhook: webhook_id, known };
      });
      return { wanted, next: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },
  };
}

async function countPages(page: Work['page']): Promise<number> {
  let count = 0;
  for (let cursor: string | null = null; ;) {
    const { wanted, next }: WorkPage = await page(cursor);
    count += wanted.length;
    if (next === null) return count;
    cursor = next;
  }
}

/** What is kept of a plan with its job: times as RFC 3339. */
export function paramsOf({ params }: JobPlan): Record<string, unknown> {
  return JSON.parse(JSON.stringify(params)) as Record<string, unknown>;
}

/** The plan that was kept. @throws Error when this version of Tidings has no such kind */
export function planOf(kind: string, kept: Record<string, unknown>): JobPlan {
  const params = { ...kept, ...dateAt(kept, 'since'), ...dateAt(kept, 'until') };
  if (kind === 'bulk_retry' || kind === 'webhook_replay') return { kind, params } as unknown as JobPlan;
  throw new Error(`This version of Tidings has no jobs of the kind ${kind}.`);
}

function dateAt(kept: Record<string, unknown>, name: string): Record<string, Date> {
  const text = kept[name];
  return typeof text === 'string' ? { [name]: new Date(text) } : {};
}
