import { routedTenant, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import type { RoutedTenant } from '#domain';
import { Bus } from './bus.js';
import { TenantLimits } from './tenant-limits.js';

let nats: TestNats;
let bus: Bus;
beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
});
afterAll(async () => {
  await bus.close();
  await nats.stop();
});

it('what a tenant grants each webhook is known at once, follows changes, and is no limit where nothing was said', async () => {
  await bus.tenants.put(routedTenant({ max_deliveries_per_hour_per_webhook: 100 }));
  const { max_deliveries_per_hour_per_webhook: _unknown, ...early } = routedTenant({ id: 'early' });
  await bus.tenants.put(early as RoutedTenant);
  const limits = await TenantLimits.watch(bus.tenants);
  expect([limits.of('acme'), limits.of('early'), limits.of('nobody')]).toEqual([100, null, null]);

  await bus.tenants.put(routedTenant({ version: 2, max_deliveries_per_hour_per_webhook: 7 }));
  await waitFor(() => expect(limits.of('acme')).toBe(7));
  await bus.tenants.put(routedTenant({ version: 3 }));
  await waitFor(() => expect(limits.of('acme')).toBeNull());

  await bus.tenants.put(routedTenant({ id: 'early', version: 2, max_deliveries_per_hour_per_webhook: 1 }));
  await waitFor(() => expect(limits.of('early')).toBe(1));
  await bus.tenants.remove('early');
  await waitFor(() => expect(limits.of('early')).toBeNull());
});
