import { placeBySource, sourceFaults, type EventSource, type PlaceRule } from './event-source.js';

const source = (tenant: PlaceRule, type: PlaceRule, filter = 'shop.*.orders.>'): EventSource => ({
  name: 'shop',
  stream: 'SHOP',
  filter_subjects: [filter],
  start: 'new',
  tenant,
  type,
});
const headers: Record<string, string> = { 'X-Tenant': 'acme', 'X-Type': 'order.paid' };

describe('a source', () => {
  it.each<[string, PlaceRule, PlaceRule, object | undefined]>([
    ['tokens', { token: 2 }, { tokens_from: 3 }, { tenant: 'acme', type: 'orders.paid.late' }],
    ['one token', { token: 2 }, { token: 4 }, { tenant: 'acme', type: 'paid' }],
    ['headers', { header: 'X-Tenant' }, { header: 'X-Type' }, { tenant: 'acme', type: 'order.paid' }],
    ['what is fixed', { fixed: 'globex' }, { fixed: 'order' }, { tenant: 'globex', type: 'order' }],
    ['a header that is not there', { header: 'X-None' }, { fixed: 'order' }, undefined],
    ['a token that is not there', { token: 9 }, { fixed: 'order' }, undefined],
    ['tokens that are not there', { token: 2 }, { tokens_from: 9 }, undefined],
  ])('reads tenant and type from %s', (_title, tenant, type, place) => {
    const read = placeBySource(source(tenant, type), 'shop.acme.orders.paid.late', (name) => headers[name]);
    expect(read).toEqual(place);
  });

  it('whose rules name tokens that no subject has cannot work', () => {
    expect(sourceFaults(source({ token: 2 }, { tokens_from: 3 }))).toEqual([]);
    expect(sourceFaults(source({ token: 2 }, { tokens_from: 3 }, 'shop.*'))).toEqual([
      { path: 'type', message: 'is read from token 3, but subjects of shop.* have 2' },
    ]);
    expect(sourceFaults(source({ token: 4 }, { fixed: 'a' }, 'shop.*'))).toMatchObject([{ path: 'tenant' }]);
  });
});
