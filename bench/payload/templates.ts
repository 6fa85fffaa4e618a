import type { PayloadFormat } from '#domain';
import { compileFormat } from '#payload';
import { EVENTS } from './events.js';
import { microseconds } from './median.js';

const CALLS = { small: 20_000, large: 200 };

const FORMATS: Record<string, PayloadFormat> = {
  standard: 'standard',
  custom: {
    body: '{"text":"Order of {{data.customer.id}}, {{data.total}} {{data.currency}}","first":{{data.items.0}},"order":{{data}}}',
    headers: { 'X-Event': '{{type}}' },
    signature: null,
  },
  slack: 'slack',
  nexus: 'nexus',
};

/** What rendering costs, for each format by the size of its event; microseconds. */
export function templateFigures(): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(FORMATS).map(([name, format]) => {
      const renderer = compileFormat(format);
      const small = microseconds(CALLS.small, () => renderer.render(EVENTS.small));
      const large = microseconds(CALLS.large, () => renderer.render(EVENTS.large));
      return [name, { small, large }];
    }),
  );
}
