import type { z } from 'zod';
import type { OwedDelivery } from '#bus';
import type { AttemptRecord } from '#domain';
import type { triedAttempt } from './test-schemas.js';

/** The attempt as its delivery will show it. */
export function triedAttemptOf(
  { delivery, event }: OwedDelivery,
  { started_at, console, ...attempt }: AttemptRecord,
): z.output<typeof triedAttempt> {
  return {
    ...attempt,
    console: console ?? null,
    started_at: new Date(started_at).toISOString(),
    delivery_id: delivery,
    event_id: event,
  };
}
