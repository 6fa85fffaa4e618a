import { routedWebhook } from '#testing';
import type { RoutedWebhook } from './routed-webhook.js';
import { reasonAgainst, RoutingTable } from './routing-table.js';

const webhook = (change: Partial<RoutedWebhook>): RoutedWebhook =>
  routedWebhook({ id: 'wh_1', tenant: 'a', ...change });

const idsOf = (table: RoutingTable, tenant: string, type: string) =>
  table.match(tenant, type).map(({ id }) => id);

describe('the routing table', () => {
  it('finds the webhooks that listen to a type, in their own tenant only', () => {
    const table = new RoutingTable();
    table.put(webhook({ id: 'wh_1', event_types: ['order.*'] }));
    table.put(webhook({ id: 'wh_2', event_types: ['task.done', 'order.paid'] }));
    table.put(webhook({ id: 'wh_3', tenant: 'b' }));
    expect(idsOf(table, 'a', 'order.paid')).toEqual(['wh_1', 'wh_2']);
    expect(idsOf(table, 'a', 'order.created')).toEqual(['wh_1']);
    expect(idsOf(table, 'b', 'order.paid')).toEqual(['wh_3']);
    expect(idsOf(table, 'c', 'order.paid')).toEqual([]);
  });

  it('gives operational events to those only who name them, and says of the others that their patterns do not match', () => {
    const table = new RoutingTable();
    const all = webhook({ id: 'wh_1', event_types: ['*', '>', '*.webhook.*'] });
    const ops = webhook({ id: 'wh_2', event_types: ['order.*', 'tidings.webhook.*'] });
    for (const each of [all, ops]) table.put(each);
    expect(idsOf(table, 'a', 'tidings.webhook.disabled')).toEqual(['wh_2']);
    expect(idsOf(table, 'a', 'order.paid')).toEqual(['wh_1', 'wh_2']);
    expect(reasonAgainst(all, 'tidings.webhook.disabled')).toBe('event_type');
  });

  it('follows changes, and forgets what it had found before', () => {
    const table = new RoutingTable();
    table.put(webhook({ event_types: ['a'] }));
    expect(idsOf(table, 'a', 'b')).toEqual([]);
    table.put(webhook({ version: 2, event_types: ['b'] }));
    expect(idsOf(table, 'a', 'b')).toEqual(['wh_1']);
    table.remove('a', 'wh_1');
    expect(idsOf(table, 'a', 'b')).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('keeps the later version when an earlier one arrives late', () => {
    const table = new RoutingTable();
    table.put(webhook({ version: 2, event_types: ['b'] }));
    table.put(webhook({ version: 1, event_types: ['a'] }));
    expect(idsOf(table, 'a', 'a')).toEqual([]);
  });

  it('owes paused webhooks their events and disabled ones nothing', () => {
    const table = new RoutingTable();
    table.put(webhook({ id: 'wh_1', status: 'inactive' }));
    table.put(webhook({ id: 'wh_2', status: 'disabled' }));
    expect(idsOf(table, 'a', 'x')).toEqual(['wh_1']);
  });
});
