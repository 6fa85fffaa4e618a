import { derivedId, type TenantId, type WebhookId } from '../ids.js';
import type { AttemptFinished, DeliveryCancelled, DeliveryRef, Fact } from '../journal/facts.js';
import type { OperationalEvent } from './operational-event.js';
import { isOperationalType } from './operational-type.js';

/**
 * The operational event that a fact of the journal gives, or none. What
 * becomes of the deliveries of operational events gives none: else a receiver
 * of them that is dead would be told of its own death for ever.
 */
export function operationalEventOfFact(fact: Fact): OperationalEvent | undefined {
  switch (fact.kind) {
    case 'attempt.finished':
      if (fact.outcome !== 'failed' || fact.attempt.trigger === 'test') return undefined;
      return exhausted(fact, fact.attempt.started_at + fact.attempt.duration_ms, {
        attempt_count: fact.attempt.number,
        last_error: fact.attempt.error,
        status_code: fact.attempt.response?.status ?? null,
      });
    case 'delivery.cancelled':
      if (fact.reason !== 'expired') return undefined;
      return exhausted(fact, fact.at, {
        attempt_count: fact.attempt_count,
        last_error: null,
        status_code: null,
      });
    case 'circuit.opened': {
      const { tenant, webhook, at, failures, probe_at } = fact;
      const data = { webhook_id: webhook, failures, opened_at: iso(at), probe_at: iso(probe_at) };
      return { ...circuit(tenant, webhook, at, fact.kind), type: 'tidings.circuit.opened', data };
    }
    case 'circuit.closed': {
      const { tenant, webhook, at } = fact;
      const data = { webhook_id: webhook, closed_at: iso(at) };
      return { ...circuit(tenant, webhook, at, fact.kind), type: 'tidings.circuit.closed', data };
    }
    case 'event.accepted':
    case 'event.rejected':
    case 'delivery.held':
    case 'delivery.sending':
    case 'delivery.brought_back':
    case 'webhook.refused':
      return undefined;
  }
}

/**
 * Whether the text of some facts can hold one that gives an operational event.
 * Most hold none, and reading them for that would cost as much as projecting them.
 */
export function mayGiveOperationalEvents(facts: Buffer): boolean {
  return SIGNS.some((sign) => facts.includes(sign));
}

const SIGNS = ['"outcome":"failed"', '"reason":"expired"', '"kind":"circuit.'];

/** A delivery is exhausted once for each time that it was owed, however often a crash has its end told. */
function exhausted(
  { tenant, webhook, delivery, event, event_type, ...owed }: AttemptFinished | DeliveryCancelled,
  at: number,
  end: {
    attempt_count: number;
    last_error: AttemptFinished['attempt']['error'];
    status_code: number | null;
  },
): OperationalEvent | undefined {
  if (isOperationalType(event_type)) return undefined;
  const owedAt = owedSince(owed);
  return {
    id: derivedId('evt', owedAt, `exhausted:${delivery}:${owedAt}`),
    tenant,
    type: 'tidings.delivery.exhausted',
    timestamp: iso(at),
    data: {
      ...{ webhook_id: webhook, delivery_id: delivery, event_id: event, event_type },
      ...{ attempt_count: end.attempt_count, reason: owed.reason },
      ...{ last_error: end.last_error, status_code: end.status_code, exhausted_at: iso(at) },
    },
  };
}

function owedSince({ owed_at, created_at }: Pick<DeliveryRef, 'owed_at' | 'created_at'>): number {
  return owed_at ?? created_at;
}

function circuit(tenant: TenantId, webhook: WebhookId, at: number, kind: string) {
  return { id: derivedId('evt', at, `${kind}:${webhook}:${at}`), tenant, timestamp: iso(at) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
