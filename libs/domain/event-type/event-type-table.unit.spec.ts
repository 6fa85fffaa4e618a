import type { CheckedEventType } from './declared-event-type.js';
import { EventTypeTable } from './event-type-table.js';

const type = (change: Partial<CheckedEventType> = {}): CheckedEventType => ({
  tenant: 'acme',
  name: 'order.paid',
  version: 1,
  schema: { type: 'object', required: ['id'] },
  archived: false,
  ...change,
});
const table = (...types: CheckedEventType[]) => {
  const made = new EventTypeTable();
  for (const one of types) made.put(one);
  return made;
};

describe('an event held to its catalogue', () => {
  it('of a declared type whose data fits is taken', () => {
    expect(table(type()).refusalOf('acme', 'order.paid', '{"id":1}')).toBeUndefined();
    expect(table(type({ schema: null })).refusalOf('acme', 'order.paid', '7')).toBeUndefined();
  });

  it.each([
    ['of a type that is not declared', 'acme', 'order.lost', '{"id":1}', 'unknown_event_type', 'type'],
    [
      'of a type that another tenant declared',
      'globex',
      'order.paid',
      '{"id":1}',
      'unknown_event_type',
      'type',
    ],
    ['whose data does not fit', 'acme', 'order.paid', '{"no":1}', 'invalid_data', 'data.id'],
  ])('%s is refused, and says why and where', (_title, tenant, name, data, reason, path) => {
    expect(table(type()).refusalOf(tenant, name, data)).toMatchObject({ reason, faults: [{ path }] });
  });

  it('of an archived type is refused', () => {
    expect(table(type({ archived: true })).refusalOf('acme', 'order.paid', '{"id":1}')).toMatchObject({
      reason: 'unknown_event_type',
      faults: [{ message: 'is archived: order.paid' }],
    });
  });

  it('is held to the latest version, in whatever order versions come', () => {
    const catalogue = table(type({ version: 3, schema: true }), type({ version: 2 }));
    expect(catalogue.refusalOf('acme', 'order.paid', '{}')).toBeUndefined();
    catalogue.put(type({ version: 4 }));
    expect(catalogue.refusalOf('acme', 'order.paid', '{}')).toMatchObject({ reason: 'invalid_data' });
    catalogue.remove('acme', 'order.paid');
    expect(catalogue.refusalOf('acme', 'order.paid', '{"id":1}')).toMatchObject({
      reason: 'unknown_event_type',
    });
    expect(catalogue.size).toBe(0);
  });
});
