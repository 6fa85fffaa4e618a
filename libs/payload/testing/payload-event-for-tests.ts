import type { PayloadEvent } from '../payload-event.js';

/** An event as a renderer gets it. */
export function payloadEvent(
  given: Partial<Omit<PayloadEvent, 'data'>> & { data?: string } = {},
): PayloadEvent {
  const { data = '{"total":1.50,"id":12345678901234567890}', ...rest } = given;
  return {
    id: 'evt_1',
    type: 'order.created',
    timestamp: '2026-11-23T10:00:00.250Z',
    metadata: null,
    tenant: 'default',
    webhook_id: 'wh_1',
    delivery_id: 'dlv_1',
    attempt: 1,
    ...rest,
    data: Buffer.from(data),
  };
}
