import { matchesEventType } from '../event/event-type.js';
import type { TenantId, WebhookId } from '../ids.js';
import type { RoutedWebhook } from './routed-webhook.js';

/** Event types remembered with their matches, for each tenant: publishers may make types up without end. */
const TYPES_REMEMBERED = 10_000;

interface TenantRoutes {
  webhooks: Map<WebhookId, RoutedWebhook>;
  /** By event type, what matches it; forgotten at every change of the tenant's webhooks. */
  matches: Map<string, readonly RoutedWebhook[]>;
}

/** Why an event of a type is not owed to a webhook, whatever it holds; undefined when nothing stands against it. */
export function reasonAgainst(
  { status, event_types }: Pick<RoutedWebhook, 'status' | 'event_types'>,
  type: string,
): 'disabled' | 'event_type' | undefined {
  if (status === 'disabled') return 'disabled';
  return event_types.some((pattern) => matchesEventType(pattern, type)) ? undefined : 'event_type';
}

/** Which webhooks want an event. Lives in memory, fed from the KV bucket. */
export class RoutingTable {
  private readonly tenants = new Map<TenantId, TenantRoutes>();
  private count = 0;

  /** How many webhooks there are. */
  get size(): number {
    return this.count;
  }

  /** Takes a webhook in, unless a later version is there already. */
  put(webhook: RoutedWebhook): void {
    const routes: TenantRoutes = this.tenants.get(webhook.tenant) ?? {
      webhooks: new Map(),
      matches: new Map(),
    };
    this.tenants.set(webhook.tenant, routes);
    const known = routes.webhooks.get(webhook.id);
    if (known && known.version > webhook.version) return;
    if (!known) this.count++;
    routes.webhooks.set(webhook.id, webhook);
    routes.matches.clear();
  }

  remove(tenant: TenantId, id: WebhookId): void {
    const routes = this.tenants.get(tenant);
    if (!routes?.webhooks.delete(id)) return;
    this.count--;
    routes.matches.clear();
    if (routes.webhooks.size === 0) this.tenants.delete(tenant);
  }

  /** The webhook, if there is one. */
  find(tenant: TenantId, id: WebhookId): RoutedWebhook | undefined {
    return this.tenants.get(tenant)?.webhooks.get(id);
  }

  /**
   * The webhooks that an event of a type is owed to, their filters apart (see
   * #payload). Inactive ones are owed too; they get it when they are active
   * again.
   */
  match(tenant: TenantId, type: string): readonly RoutedWebhook[] {
    const routes = this.tenants.get(tenant);
    if (!routes) return [];
    const known = routes.matches.get(type);
    if (known) return known;
    const found = [...routes.webhooks.values()].filter(
      (webhook) => reasonAgainst(webhook, type) === undefined,
    );
    if (routes.matches.size >= TYPES_REMEMBERED) routes.matches.clear();
    routes.matches.set(type, found);
    return found;
  }
}
