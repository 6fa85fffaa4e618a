import type { DomainEvent } from '#domain';
import { routedWebhook } from '#testing';
import { EventFilters } from './event-filters.js';

const event = (change: Partial<DomainEvent> = {}): DomainEvent => ({
  id: 'evt_1',
  tenant: 'acme',
  type: 'order.paid',
  timestamp: '2026-11-22T10:00:00.000Z',
  acceptedAt: 0,
  data: '{"total":120}',
  metadata: '{"region":"eu"}',
  ...change,
});
const plain = routedWebhook();
const large = routedWebhook({ filter: { 'data.total': { $gt: 1_000 } } });
const european = routedWebhook({ filter: { 'metadata.region': 'eu', type: { $prefix: 'order.' } } });

describe('the filters of webhooks', () => {
  it('let an event through to those whose filter it passes, and to those without one', () => {
    expect(new EventFilters().select([plain, large, european], event())).toEqual([plain, european]);
    expect(new EventFilters().select([european], event({ metadata: null }))).toEqual([]);
  });

  it('cost no parsing when no webhook has one', () => {
    const unread = event({ data: 'not even JSON' });
    expect(new EventFilters().select([plain], unread)).toEqual([plain]);
    expect(() => new EventFilters().select([plain, large], unread)).toThrow(SyntaxError);
  });

  it('of the next version of a webhook are read anew', () => {
    const filters = new EventFilters();
    expect(filters.select([large], event())).toEqual([]);
    const changed = { ...large, version: 2, filter: { 'data.total': 120 } };
    expect(filters.select([changed], event())).toEqual([changed]);
  });

  it('that this version cannot read let nothing through', () => {
    const later = routedWebhook({ filter: { 'data.total': { $near: 120 } } });
    expect(new EventFilters().select([plain, later], event())).toEqual([plain]);
  });
});
