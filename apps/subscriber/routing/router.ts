import {
  DEFAULT_TENANT,
  deliveryIdOf,
  idFromPlace,
  isOperationalType,
  operationalReceivers,
  readEvent,
  type DomainEvent,
  type EventAccepted,
  type EventMessage,
  type EventSource,
  type ReadResult,
  type RoutedWebhook,
  type RoutingTable,
  type TraceContext,
} from '#domain';
import {
  again,
  done,
  INLINE_BYTES,
  isTenantId,
  type BusMessage,
  type DeliveryQueue,
  type EventCatalogues,
  type KnownTenants,
  type JournalWriter,
  type Outcome,
  type OwedDelivery,
} from '#bus';
import type { TracedSpan, Tracing } from '#observability';
import { EventFilters } from './event-filters.js';
import { beginRouting } from './routing-span.js';

/** How much of a message that cannot be read is kept, in bytes. */
const EXCERPT_BYTES = 4096;
const MATCHES_IN_A_FACT = 1_000;
const NOTHING = Buffer.alloc(0);

/** What is known of a message that is rejected. */
type Known = Partial<Pick<DomainEvent, 'id' | 'tenant' | 'type'>>;
type Place = Pick<EventMessage, 'sequence' | 'stream'>;

export interface RoutingCounter {
  /** @param storedAt when the message was stored, milliseconds since 1970 */
  accepted: (matches: number, from: 'events' | 'source', storedAt: number) => void;
  rejected: (reason: string, from: 'events' | 'source') => void;
}

/**
 * Turns a message of EVENTS, or of a source, into what it owes.
 *
 * The order makes each crash harmless: deliveries are queued first, under a
 * dedup id; then the acceptance is journaled; only then is the message
 * acknowledged (by the consumer, on `done`). Whatever is done twice is known
 * again: deliveries by their dedup id, facts by their ids.
 */
export class Router {
  private readonly filters = new EventFilters();

  constructor(
    private readonly table: RoutingTable,
    private readonly deliveries: DeliveryQueue,
    private readonly journal: JournalWriter,
    private readonly count: RoutingCounter,
    private readonly catalogues: Pick<EventCatalogues, 'refusalOf'>,
    private readonly tenants: Pick<KnownTenants, 'standing'>,
    private readonly tracing?: Tracing,
  ) {}

  /**
   * @param source whose message it is, where it does not lie in EVENTS
   * @throws PublishError when JetStream did not take a delivery; the message is then to be routed again
   */
  route(message: BusMessage, source?: EventSource): Promise<Outcome> {
    const eventMessage = message.asEvent(source);
    if (!eventMessage) return this.reject(message, 'invalid_subject', {}, source);
    const read = readEvent(eventMessage);
    return this.tracing
      ? this.routeTraced(message, source, eventMessage, read, this.tracing)
      : this.routeRead(message, source, eventMessage, read);
  }

  private async routeTraced(
    message: BusMessage,
    source: EventSource | undefined,
    eventMessage: EventMessage,
    read: ReadResult,
    tracing: Tracing,
  ): Promise<Outcome> {
    const span = beginRouting(tracing, eventMessage, read);
    try {
      return await this.routeRead(message, source, eventMessage, read, span);
    } catch (error) {
      span.fail('not_routed', String(error));
      throw error;
    } finally {
      span.end();
    }
  }

  private async routeRead(
    message: BusMessage,
    source: EventSource | undefined,
    eventMessage: EventMessage,
    read: ReadResult,
    span?: TracedSpan,
  ): Promise<Outcome> {
    if (!read.ok) {
      const { tenant, type } = eventMessage;
      return this.reject(message, read.reason, { tenant, type }, source, span);
    }
    const { event } = read;
    const standing = await this.tenants.standing(event.tenant);
    if (standing === 'untold') return again();
    if (standing === 'unknown') return this.reject(message, 'unknown_tenant', event, source, span);
    const operational = isOperationalType(event.type);
    const refusal = operational
      ? undefined
      : await this.catalogues.refusalOf(event.tenant, event.type, event.data);
    if (refusal) return this.reject(message, refusal.reason, event, source, span);
    const data = Buffer.from(event.data);
    const matches = this.table.match(event.tenant, event.type);
    const wanted = this.filters.select(operational ? this.receivers(event, matches) : matches, event);
    span?.note({ 'tidings.matches': wanted.length });
    const trace = span ? span.context : event.trace;
    const owed = await this.owe(event, data, eventMessage, wanted, trace);
    await this.journalAcceptance(event, data.length, eventMessage, wanted.length, owed);
    this.count.accepted(wanted.length, source ? 'source' : 'events', message.storedAt);
    return done;
  }

  private receivers({ tenant, type, data }: DomainEvent, matches: readonly RoutedWebhook[]) {
    return operationalReceivers(type, data, matches, (id) => this.table.find(tenant, id));
  }

  /** Queues a delivery for each webhook, all at once; answers with those that are queued for this event. */
  private async owe(
    event: DomainEvent,
    data: Buffer,
    { sequence, stream }: Place,
    webhooks: readonly RoutedWebhook[],
    trace: TraceContext | undefined,
  ) {
    const byReference = data.length + (event.metadata?.length ?? 0) > INLINE_BYTES;
    const owed = webhooks.map((webhook): OwedDelivery => ({
      delivery: deliveryIdOf(event.id, webhook.id, event.acceptedAt),
      tenant: event.tenant,
      event: event.id,
      event_type: event.type,
      timestamp: event.timestamp,
      webhook: webhook.id,
      created_at: event.acceptedAt,
      owed_at: event.acceptedAt,
      attempt: 1,
      trigger: 'auto',
      sequence,
      stream,
      metadata: byReference ? undefined : (event.metadata ?? undefined),
      by_reference: byReference,
      trace,
    }));
    const queued = await Promise.all(
      owed.map((delivery, i) =>
        this.deliveries.owe(delivery, byReference ? NOTHING : data, webhooks[i]?.ordered),
      ),
    );
    return owed.filter((_, i) => queued[i]).map(({ delivery, webhook }) => ({ delivery, webhook }));
  }

  /**
   * Payload and metadata stay where they lie when they are large, and matches are told in portions: a fact
   * that no message of the journal can hold would never be stored, nor any that it shares a batch with.
   */
  private async journalAcceptance(
    event: DomainEvent,
    dataBytes: number,
    { sequence, stream }: Place,
    matchCount: number,
    matches: EventAccepted['matches'],
  ): Promise<void> {
    const byReference = dataBytes + (event.metadata?.length ?? 0) > INLINE_BYTES;
    const fact: Omit<EventAccepted, 'matches'> = {
      kind: 'event.accepted',
      tenant: event.tenant,
      id: event.id,
      type: event.type,
      timestamp: event.timestamp,
      accepted_at: event.acceptedAt,
      data: byReference ? null : event.data,
      metadata: byReference ? null : event.metadata,
      sequence,
      stream,
      match_count: matchCount,
    };
    const stored = [this.journal.append({ ...fact, matches: matches.slice(0, MATCHES_IN_A_FACT) })];
    for (let i = MATCHES_IN_A_FACT; i < matches.length; i += MATCHES_IN_A_FACT)
      stored.push(this.journal.append({ ...fact, matches: matches.slice(i, i + MATCHES_IN_A_FACT) }));
    await Promise.all(stored);
  }

  private async reject(
    message: BusMessage,
    reason: string,
    known: Known,
    source: EventSource | undefined,
    span?: TracedSpan,
  ): Promise<Outcome> {
    span?.fail(reason);
    const place = { storedAt: message.storedAt, sequence: message.sequence, stream: source?.stream };
    await this.journal.append({
      kind: 'event.rejected',
      tenant: known.tenant ?? (source ? DEFAULT_TENANT : tenantOf(message.subject)),
      id: known.id ?? idFromPlace(place),
      type: known.type ?? '',
      accepted_at: message.storedAt,
      sequence: message.sequence,
      reason,
      excerpt: Buffer.from(message.payload.subarray(0, EXCERPT_BYTES)).toString(),
    });
    this.count.rejected(reason, source ? 'source' : 'events');
    return done;
  }
}

/** The tenant that a subject of EVENTS names, although it may name no type. */
function tenantOf(subject: string): string {
  const [, tenant = ''] = subject.split('.');
  return isTenantId(tenant) ? tenant : DEFAULT_TENANT;
}
