import {
  decideTenant,
  decideWebhook,
  DEFAULT_RETRY,
  evolveTenant,
  evolveWebhook,
  newId,
  NO_TENANT,
  NO_WEBHOOK,
  PLAIN_TENANT,
  PLAIN_WEBHOOK,
  secretsOf,
  type TenantEvent,
  type TenantId,
  type WebhookDefinition,
  type WebhookEvent,
} from '#domain';
import { rowOf, type TenantRow, type WebhookRow } from '#persistence';
import { generateSecret, type Keyring } from '#signing';

/** What the ledger and a table hold of something that was created. */
export interface Made<Event, Row> {
  event: Event;
  row: Row;
}

/** The kinds of events that webhooks of the benchmark list; half of the patterns have a wildcard. */
export const EVENT_TYPES = [
  'order.created',
  'order.line.added',
  'invoice.paid',
  'invoice.reminder.sent',
  'task.completed',
  'user.signed_up',
  'stock.low',
  'payment.refund.failed',
] as const;
const PATTERNS = [...EVENT_TYPES, 'order.>', 'invoice.*', 'task.*', 'user.>', '*.created', '*.*.added'];
export const TAGS = ['billing', 'crm', 'slack', 'staging', 'warehouse', 'eu', 'us', 'legacy'] as const;
/** Part of the names of one webhook in a hundred. */
export const RARE_NAME = 'needle';

const SECOND_MS = 1_000;

/** How many webhooks each tenant has, the largest first: the one of rank r has largest / r, and at least one. */
export function tenantSizes(tenants: number, webhooks: number): number[] {
  const sizesFrom = (largest: number) =>
    Array.from({ length: tenants }, (_, i) => Math.max(1, Math.floor(largest / (i + 1))));
  const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0);
  let largest = 1;
  while (total(sizesFrom(largest + 1)) <= webhooks) largest++;
  const sizes = sizesFrom(largest);
  for (let i = total(sizes); i < webhooks; i++) {
    const rank = 1 + (i % (tenants - 1));
    sizes[rank] = (sizes[rank] ?? 0) + 1;
  }
  return sizes;
}

/** @param index of the tenant, the largest being 0 */
export function tenantId(index: number): TenantId {
  return `tenant-${String(index).padStart(5, '0')}`;
}

/** A tenant as deciding makes one. */
export function madeTenant(id: TenantId, at: number): Made<TenantEvent, TenantRow> {
  const definition = {
    name: `Tenant ${id}`,
    ...PLAIN_TENANT,
    timeout_seconds: 30,
    retry: DEFAULT_RETRY,
  };
  const events = decideTenant(NO_TENANT, { kind: 'create', tenant: id, actor: 'bench', at, definition });
  const [event] = events;
  const state = events.reduce(evolveTenant, NO_TENANT);
  if (!event || state.kind !== 'live') throw new Error(`The tenant ${id} was not made.`);
  const { kind: _kind, created_at, updated_at, ...fields } = state;
  return { event, row: { ...fields, created_at: new Date(created_at), updated_at: new Date(updated_at) } };
}

/**
 * A webhook as deciding and sealing make one; what it has follows from its number.
 * @param number counts the webhooks of all tenants; later ones are younger
 */
export function madeWebhook(
  tenant: TenantId,
  number: number,
  from: number,
  keyring: Keyring,
): Made<WebhookEvent, WebhookRow> {
  const at = from + number * SECOND_MS;
  const id = newId('wh', at);
  const definition = definitionOf(number);
  const command = { kind: 'create' as const, tenant, webhook: id, actor: 'bench', at, definition };
  const events = decideWebhook(NO_WEBHOOK, { ...command, secret: 'generated' });
  const [event] = events;
  const state = events.reduce(evolveWebhook, NO_WEBHOOK);
  if (!event || state.kind !== 'live') throw new Error(`The webhook ${id} was not made.`);
  const place = { tenant, webhook: id };
  const credentials = [...secretsOf(state)].map(
    ([purpose, { secret: version }]) =>
      [purpose, keyring.seal(`token of ${id}`, { ...place, purpose, version })] as const,
  );
  const signing = keyring.seal(generateSecret(), { ...place, purpose: 'signing' });
  const sealed = { signing: new Map([[1, signing]]), credentials: new Map(credentials) };
  return { event, row: rowOf(state, null, sealed) };
}

function definitionOf(number: number): WebhookDefinition {
  const pick = <Item>(items: readonly Item[], count: number) =>
    Array.from({ length: count }, (_, i) => items[(number * 7 + i * 3) % items.length] as Item);
  const name = number % 100 === 0 ? RARE_NAME : ['orders', 'billing', 'crm sync', 'alerts'][number % 4];
  return {
    ...PLAIN_WEBHOOK,
    name: `${name} to service ${number}`,
    description: number % 2 === 0 ? 'Keeps the system on the other side up to date.' : '',
    tags: pick(TAGS, number % 4),
    metadata: number % 3 === 0 ? { team: `team-${number % 17}`, ticket: `OPS-${number}` } : {},
    url: `https://hooks-${number % 500}.example.com/in/${number}`,
    event_types: pick(PATTERNS, 1 + (number % 3)),
    filter: number % 4 === 0 ? { 'data.total': { $gte: number % 1_000 } } : null,
    headers: number % 5 === 0 ? { 'X-Environment': 'production' } : {},
    auth: number % 5 === 0 ? { type: 'bearer', token: { secret: 1 } } : { type: 'none' },
    status: number % 10 === 0 ? 'inactive' : 'active',
    timeout_seconds: 30,
    retry: DEFAULT_RETRY,
  };
}
