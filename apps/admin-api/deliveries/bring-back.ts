import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { DeliveryBroughtBack, DeliveryId, EventId, TenantId, WebhookId } from '#domain';
import { DataSource, eventsByKey, type DeliveryRow, type EventToReplay } from '#persistence';
import { PeopleJournal } from '../journal/people-journal.js';

/** A delivery that is wanted again, or for the first time. */
export interface WantedDelivery {
  id: DeliveryId;
  webhook: WebhookId;
  event: EventId;
  /** When the event was accepted. */
  created_at: Date;
  /** As the record has it; null when it has none. */
  known: Pick<DeliveryRow, 'status' | 'attempt_count' | 'updated_at'> | null;
}

/**
 * - `queued`: it will be attempted
 * - `superseded`: its next attempt was scheduled, and is due now instead
 * - `owed_already`: it is on its way, and its next attempt is not put off
 * - `payload_expired`: nobody has its payload any more
 */
export type Brought = 'queued' | 'superseded' | 'owed_already' | 'payload_expired';

export interface Wish {
  trigger: DeliveryBroughtBack['trigger'];
  /** Under which a delivery is queued once, within the deduplication window. */
  dedupId: (wanted: WantedDelivery) => string;
}

/** So many at once, with their payloads in memory. */
const PORTION = 50;
const ENDED: readonly string[] = ['success', 'failed', 'cancelled'];

/** Whether a delivery with this status is owed no more. */
export function hasEnded(status: string): boolean {
  return ENDED.includes(status);
}

/**
 * A delivery as it stands now is brought back once, however often and from
 * wherever it is asked for: what has happened to it since gives another id.
 */
export function onceAsItStands({ id, known }: WantedDelivery): string {
  return `again/${id}:${known?.attempt_count ?? 0}:${known?.updated_at.getTime() ?? 0}`;
}

interface Portion {
  brought: Brought[];
  facts: DeliveryBroughtBack[];
}

/**
 * Has deliveries attempted that nothing else would attempt now: what people ask for.
 *
 *   asked for --> queued --> journaled: open on record --> answered
 *
 * A crash after `queued` leaves a delivery that will be attempted, and whose
 * attempt tells since when it is owed; nobody was told that it would. After
 * `journaled` the reconciler sees to it too, should its message be lost.
 */
@Injectable()
export class BringBack {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
    private readonly journal: PeopleJournal,
  ) {}

  /**
   * Resolves when all that can be is queued, and the journal tells of it.
   * @returns what became of each, in their order
   * @throws PublishError, BusUnreachableError when NATS did not take one; those before it may be queued
   */
  async all(tenant: TenantId, wanted: readonly WantedDelivery[], wish: Wish): Promise<Brought[]> {
    const all: Brought[] = [];
    let telling: Promise<unknown> = Promise.resolve();
    for (let i = 0; i < wanted.length; i += PORTION) {
      const { brought, facts } = await this.portion(tenant, wanted.slice(i, i + PORTION), wish);
      all.push(...brought);
      await telling;
      // While the next portion is queued; whoever waits for it is told of its failure.
      telling = Promise.all(facts.map((fact) => this.journal.tell(fact)));
      telling.catch(() => undefined);
    }
    await telling;
    return all;
  }

  async one(tenant: TenantId, wanted: WantedDelivery, wish: Wish): Promise<Brought> {
    const [brought = 'payload_expired'] = await this.all(tenant, [wanted], wish);
    return brought;
  }

  private async portion(tenant: TenantId, wanted: readonly WantedDelivery[], wish: Wish): Promise<Portion> {
    const keys = wanted.map(({ event, created_at }) => ({ id: event, accepted_at: created_at }));
    const events = new Map<string, EventToReplay>();
    for (const event of await eventsByKey(this.database, tenant, uniqueKeys(keys)))
      events.set(keyOf(event), event);
    const facts: DeliveryBroughtBack[] = [];
    const brought = await Promise.all(
      wanted.map((each) => {
        const event = events.get(keyOf({ id: each.event, accepted_at: each.created_at }));
        return this.bring(tenant, each, event, wish, facts);
      }),
    );
    return { brought, facts };
  }

  /** @param facts to add to what is to be told */
  private async bring(
    tenant: TenantId,
    wanted: WantedDelivery,
    event: EventToReplay | undefined,
    { trigger, dedupId }: Wish,
    facts: DeliveryBroughtBack[],
  ): Promise<Brought> {
    const { id: delivery, webhook, known } = wanted;
    const created_at = wanted.created_at.getTime();
    const tell = (event_type: string, owed_at: number, attempt_count: number) =>
      facts.push({
        kind: 'delivery.brought_back',
        ...{ tenant, delivery, event: wanted.event, event_type, webhook, created_at },
        ...{ owed_at, trigger, attempt_count },
      });
    if (known && !hasEnded(known.status)) {
      const superseded = await this.bus.requeue.supersede({ webhook, delivery, trigger });
      if (superseded) tell(superseded.event_type, superseded.owed_at, superseded.attempt - 1);
      return superseded ? 'superseded' : 'owed_already';
    }
    if (!event) return 'payload_expired';
    const attempt_count = known?.attempt_count ?? 0;
    const brought = await this.bus.requeue.bringBack(
      {
        ...{ delivery, tenant, webhook, created_at, trigger },
        event: event.id,
        event_type: event.type,
        timestamp: event.timestamp,
        attempt: attempt_count + 1,
        sequence: event.sequence,
        metadata: event.metadata ?? undefined,
        data: event.data,
        wasCancelled: known?.status === 'cancelled',
      },
      dedupId(wanted),
    );
    if (brought.end === 'queued') tell(event.type, brought.owed_at, attempt_count);
    return brought.end === 'payload_expired' ? brought.end : 'queued';
  }
}

type EventKey = { id: EventId; accepted_at: Date };

function keyOf({ id, accepted_at }: EventKey): string {
  return `${accepted_at.getTime()}/${id}`;
}

function uniqueKeys(keys: EventKey[]): EventKey[] {
  return [...new Map(keys.map((key) => [keyOf(key), key])).values()];
}
