import type pg from 'pg';
import type { Call } from '../control-plane/load.js';
import { EVENT_TYPES, RARE_TYPE } from './fill.js';
import { words } from './words.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Events and deliveries that are asked for by their ids, spread over all days. */
const KNOWN = 500;

export interface Caller {
  url: string;
  key: string;
  webhooks: readonly string[];
}

const one = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item;

/**
 * Each kind of list, filter and reading that api.md names, and those combinations that find little.
 * @param until the time of the newest rows, milliseconds since 1970
 */
export async function callsOf(
  { url, key, webhooks }: Caller,
  database: pg.Client,
  tenant: string,
  until: number,
): Promise<Record<string, () => Call>> {
  const get = (path: string, query: Record<string, string | number> = {}): Call => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return { method: 'GET', path: `${path}${search.size > 0 ? `?${search.toString()}` : ''}`, key };
  };
  const { rows: known } = await database.query<{ id: string; event_id: string; created_at: Date }>(
    `SELECT id, event_id, created_at FROM deliveries TABLESAMPLE SYSTEM (0.5) WHERE tenant = $1 LIMIT $2`,
    [tenant, KNOWN],
  );
  const vocabulary = words();
  const iso = (at: number) => new Date(at).toISOString();
  const window = () => {
    const since = until - Math.random() * 29 * DAY_MS;
    return { since: iso(since), until: iso(since + HOUR_MS) };
  };
  const deliveries = (query: Record<string, string | number> = {}) => get('/deliveries', query);
  const events = (query: Record<string, string | number> = {}) => get('/events', query);

  /** The cursor of the page so many pages on. */
  async function deep(path: string, pages: number): Promise<string> {
    let cursor = '';
    for (let n = 0; n < pages; n++) {
      const answer = await fetch(`${url}/api/v1${path}?limit=250${cursor && `&cursor=${cursor}`}`, {
        headers: { authorization: `Bearer ${key}` },
      });
      const { next_cursor } = (await answer.json()) as { next_cursor: string | null };
      if (next_cursor === null) break;
      cursor = encodeURIComponent(next_cursor);
    }
    return decodeURIComponent(cursor);
  }
  const deepDeliveries = await deep('/deliveries', 40);
  const deepEvents = await deep('/events', 40);

  return {
    deliveries: () => deliveries(),
    deliveries_250: () => deliveries({ limit: 250 }),
    deliveries_deep: () => deliveries({ cursor: deepDeliveries }),
    deliveries_in_window: () => deliveries(window()),
    deliveries_of_webhook: () => deliveries({ webhook_id: one(webhooks) }),
    deliveries_of_webhook_failed: () => deliveries({ webhook_id: one(webhooks), status: 'failed' }),
    deliveries_of_webhook_code: () => deliveries({ webhook_id: one(webhooks), status_code: 418 }),
    deliveries_of_event: () => deliveries({ event_id: one(known).event_id }),
    deliveries_of_type: () => deliveries({ event_type: one(EVENT_TYPES) }),
    deliveries_of_rare_type: () => deliveries({ event_type: RARE_TYPE }),
    deliveries_of_no_type: () => deliveries({ event_type: 'nobody.sends.this' }),
    deliveries_success: () => deliveries({ status: 'success' }),
    deliveries_failed: () => deliveries({ status: 'failed' }),
    deliveries_failed_in_window: () => deliveries({ status: 'failed', ...window() }),
    deliveries_pending: () => deliveries({ status: 'pending' }),
    deliveries_retrying: () => deliveries({ status: 'retrying' }),
    deliveries_code_503: () => deliveries({ status_code: 503 }),
    deliveries_code_never: () => deliveries({ status_code: 418 }),
    deliveries_code_rare: () => deliveries({ status_code: 429 }),
    deliveries_failed_and_code: () => deliveries({ status: 'failed', status_code: 200 }),
    deliveries_failed_and_rare_type: () => deliveries({ status: 'failed', event_type: RARE_TYPE }),
    // The first webhook of a tenant has the most.
    deliveries_of_busiest_code_never: () => deliveries({ webhook_id: webhooks[0] ?? '', status_code: 418 }),
    webhooks_deliveries: () => get(`/webhooks/${one(webhooks)}/deliveries`),
    delivery: () => get(`/deliveries/${one(known).id}`),
    events: () => events(),
    events_250: () => events({ limit: 250 }),
    events_deep: () => events({ cursor: deepEvents }),
    events_in_window: () => events(window()),
    events_of_type: () => events({ type: one(EVENT_TYPES) }),
    events_of_rare_type: () => events({ type: RARE_TYPE }),
    events_of_no_type: () => events({ type: 'nobody.sends.this' }),
    events_of_pattern: () => events({ type: 'audit.>' }),
    event: () => get(`/events/${one(known).event_id}`),
    search_frequent_word: () => events({ q: vocabulary[3] ?? '' }),
    search_word: () => events({ q: one(vocabulary) }),
    search_order: () => events({ q: `ORD-${Math.floor(Math.random() * 1_000_000)}` }),
    search_address: () => events({ q: `user${Math.floor(Math.random() * 65_536)}@example.com` }),
    search_event_id: () => events({ q: one(known).event_id }),
    search_in_vain: () => events({ q: 'found-nowhere-at-all' }),
    search_in_window: () => events({ q: one(vocabulary), ...window() }),
  };
}
