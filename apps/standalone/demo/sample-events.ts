import { randomInt, randomUUID } from 'node:crypto';

export interface SampleEvent {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

const PEOPLE = [
  ['Amina Diallo', 'amina.diallo@example.com'],
  ['Jonas Weber', 'jonas.weber@example.org'],
  ['Mei Tanaka', 'mei.tanaka@example.net'],
  ['Lucía Ortega', 'lucia.ortega@example.com'],
  ['Noah Kowalski', 'noah.kowalski@example.org'],
] as const;

const GOODS = [
  ['MUG-350', 'Enamel mug', 1490],
  ['TEA-DARJ', 'Darjeeling, second flush', 1875],
  ['LAMP-02', 'Desk lamp', 6400],
  ['NOTE-A5', 'Notebook A5', 990],
] as const;

const TASKS = [
  'Send the quarterly report',
  'Review the translation',
  'Renew the certificate',
  'Water the ficus',
];

function oneOf<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)];
  if (item === undefined) throw new RangeError('There is nothing to choose from.');
  return item;
}

function person(): { name: string; email: string } {
  const [name, email] = oneOf(PEOPLE);
  return { name, email };
}

/** Endless sample events as a small shop might have them: an order is paid only after it was created. */
export function* sampleEvents(): Generator<SampleEvent, never> {
  for (let number = randomInt(1_000, 9_000); ; number++) {
    const [sku, title, price_cents] = oneOf(GOODS);
    const quantity = randomInt(1, 4);
    const order = {
      order_id: `A-${number}`,
      customer: person(),
      currency: 'EUR',
      total_cents: price_cents * quantity,
    };
    yield { type: 'order.created', data: { ...order, lines: [{ sku, title, quantity, price_cents }] } };
    yield {
      type: 'task.completed',
      data: { task_id: randomUUID(), title: oneOf(TASKS), completed_by: person().email },
    };
    yield {
      type: 'order.paid',
      data: { order_id: order.order_id, total_cents: order.total_cents, method: oneOf(['card', 'transfer']) },
    };
    yield {
      type: 'user.signed_up',
      data: { user_id: randomUUID(), ...person(), plan: oneOf(['free', 'team', 'business']) },
    };
  }
}
