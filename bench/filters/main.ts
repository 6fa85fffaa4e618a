import { compileFilter, passes } from '#payload';

/** What asking a filter costs, parsed event at hand, and what parsing an event for it costs. */
const CALLS = 1_000_000;
const ROUNDS = 5;

const text = JSON.stringify({
  priority: 'high',
  total: 120.5,
  currency: 'EUR',
  customer: { id: 'c-1', country: 'DE', tags: ['vip', 'b2b'] },
  items: Array.from({ length: 5 }, (_, i) => ({ sku: `sku-${i}`, quantity: i, price: i * 9.99 })),
  note: 'x'.repeat(150),
});
const event = { type: 'order.created', data: JSON.parse(text) as unknown, metadata: null };

const filters: Record<string, object> = {
  one_equality: { 'data.priority': 'high' },
  three_tests: {
    'data.total': { $gte: 100, $lt: 1_000 },
    'data.customer.country': { $in: ['DE', 'AT', 'CH'] },
  },
  nested: {
    $or: [
      { 'data.priority': 'low' },
      { $and: [{ 'data.customer.tags': { $contains: 'b2b' } }, { $not: { 'data.items.4.sku': 'sku-9' } }] },
    ],
  },
};

/** Microseconds a call, the median of some rounds after one that warms up. */
function microseconds(calls: number, call: () => unknown): number {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) call();
    if (round > 0) rounds.push(((performance.now() - begun) * 1_000) / calls);
  }
  return Number(rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]?.toFixed(3));
}

const perMatch = Object.fromEntries(
  Object.entries(filters).map(([name, filter]) => {
    const compiled = compileFilter(filter);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
    return [name, microseconds(CALLS, () => passes(compiled.condition, event))];
  }),
);
const parse = microseconds(CALLS / 10, () => JSON.parse(text) as unknown);
console.log(JSON.stringify({ us_per_match: perMatch, us_per_parse: parse, event_bytes: text.length }));
