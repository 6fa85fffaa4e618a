import type { PayloadEvent } from '#payload';

const order = {
  priority: 'high',
  total: 120.5,
  currency: 'EUR',
  customer: { id: 'c-1', country: 'DE', tags: ['vip', 'b2b'] },
  items: Array.from({ length: 5 }, (_, i) => ({ sku: `sku-${i}`, quantity: i, price: i * 9.99 })),
  note: 'x'.repeat(150),
};

/** An order with the history of its changes, as many as make 100 KiB. */
const long = {
  ...order,
  history: Array.from({ length: 800 }, (_, i) => ({
    at: 1_790_000_000_000 + i * 61_000,
    by: `person ${i % 7}`,
    changed: { 'items.0.quantity': [i, i + 1], note: 'because they asked' },
  })),
};

function eventWith(data: object): PayloadEvent {
  return {
    ...{ id: 'evt_01HZY', type: 'order.created', timestamp: '2026-01-01T00:00:00.000Z' },
    ...{
      metadata: '{"source":"bench"}',
      tenant: 'default',
      webhook_id: 'wh_1',
      delivery_id: 'dlv_1',
      attempt: 1,
    },
    data: Buffer.from(JSON.stringify(data)),
  };
}

export const EVENTS: Record<'small' | 'large', PayloadEvent> = {
  small: eventWith(order),
  large: eventWith(long),
};
