import { compileFilter, passes } from '#payload';
import { EVENTS } from './events.js';
import { microseconds } from './median.js';

const CALLS = 1_000_000;

const FILTERS: Record<string, object> = {
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

/** What asking a filter costs, parsed event at hand, and what parsing an event for it costs; microseconds. */
export function filterFigures() {
  const text = Buffer.from(EVENTS.small.data).toString();
  const event = { type: 'order.created', data: JSON.parse(text) as unknown, metadata: null };
  const match = Object.entries(FILTERS).map(([name, filter]) => {
    const compiled = compileFilter(filter);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
    return [name, microseconds(CALLS, () => passes(compiled.condition, event))];
  });
  return {
    us_per_match: Object.fromEntries(match) as Record<string, number>,
    us_per_parse: microseconds(CALLS / 10, () => JSON.parse(text) as unknown),
  };
}
