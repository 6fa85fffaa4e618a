import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#domain';
import { routedTenant, waitFor } from '#testing';
import { RoutingForTests } from '../testing/routing-for-tests.js';

let routing: RoutingForTests;

beforeAll(async () => {
  routing = await RoutingForTests.start();
}, 30_000);
beforeEach(() => routing.newTenant());
afterAll(() => routing.stop());

describe('a message that cannot be read', () => {
  it.each([
    ['is not JSON', 'order.created', '{"half', 'not_json', '{"half'],
    ['is not UTF-8', 'order.created', Buffer.from([0x22, 0xff, 0x22]), 'not_utf8', '"\ufffd"'],
    ['is empty', 'order.created', '', 'empty', ''],
    ['has a type that is none', 'order.created', '{"type":"no type","data":1}', 'invalid_type', '{"type"'],
  ])(
    'because it %s is recorded with its reason and beginning',
    async (_why, type, body, reason, beginning) => {
      routing.listens();
      const { sequence } = await routing.publish(body, newId('evt'), type);
      await waitFor(() =>
        expect(routing.rejections().filter((fact) => fact.sequence === sequence)).toHaveLength(1),
      );
      const [fact] = routing.rejections().filter((one) => one.sequence === sequence);
      expect(fact).toMatchObject({ tenant: routing.tenant, type, reason });
      expect(fact?.excerpt.startsWith(beginning)).toBe(true);
      expect(routing.owed.some(({ owed }) => owed.sequence === sequence)).toBe(false);
    },
  );

  it('because its subject names no tenant is recorded under the default tenant', async () => {
    const { sequence } = await routing.bus.publishEvent({
      tenant: 'a$b',
      type: 'x',
      body: '1',
      dedupId: newId('evt'),
    });
    await waitFor(() =>
      expect(routing.rejections().find((fact) => fact.sequence === sequence)).toMatchObject({
        tenant: 'default',
        reason: 'invalid_subject',
      }),
    );
  });

  it('because there is no such tenant is recorded under its name', async () => {
    const id = newId('evt');
    await routing.bus.publishEvent({ tenant: 'nowhere', type: 'a.b', body: '1', dedupId: id });
    await waitFor(() =>
      expect(routing.rejections().find((fact) => fact.id === id)).toMatchObject({
        tenant: 'nowhere',
        type: 'a.b',
        reason: 'unknown_tenant',
      }),
    );
  });

  it('because its tenant was just created is not refused', async () => {
    for (let i = 0; i < 20; i++) {
      const id = newId('key');
      await routing.bus.tenants.put(routedTenant({ id }));
      await routing.bus.publishEvent({ tenant: id, type: 'a.b', body: '1', dedupId: id });
      await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(1));
    }
  });

  it('because nobody can say yet which tenants there are waits until that is known', async () => {
    const [id, newcomer] = [newId('evt'), newId('key')];
    await routing.bus.tenants.remove('default');
    await routing.bus.publishEvent({ tenant: newcomer, type: 'a.b', body: '1', dedupId: id });
    await sleep(500);
    expect(routing.rejections().some((fact) => fact.id === id)).toBe(false);
    await routing.bus.tenants.put(routedTenant({ id: newcomer }));
    await routing.bus.tenants.put(routedTenant({ id: 'default' }));
    await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(1), 10_000);
  });

  it('keeps no more than its first 4 KiB', async () => {
    const { sequence } = await routing.publish(randomBytes(100_000).toString('base64'), newId('evt'));
    await waitFor(() =>
      expect(routing.rejections().find((fact) => fact.sequence === sequence)?.excerpt).toHaveLength(4_096),
    );
  });

  it.each([
    ['is of a type that is not in the catalogue', 'order.lost', '{"n":1}', 'unknown_event_type'],
    ['does not fit its schema', 'order.created', '{"n":"one"}', 'invalid_data'],
  ])(
    'because its tenant is strict and it %s is recorded so, under its own id',
    async (_why, type, body, reason) => {
      routing.listens();
      const { tenant } = routing;
      await routing.bus.tenants.put(routedTenant({ id: tenant, strict_event_types: true }));
      const schema = { type: 'object', properties: { n: { type: 'number' } } };
      await routing.bus.eventTypes.put({
        tenant,
        name: 'order.created',
        version: 1,
        schema,
        archived: false,
      });
      const [bad, good] = [newId('evt'), newId('evt')];
      await waitFor(async () => {
        const id = newId('evt');
        await routing.publish(body, id, type);
        await waitFor(() => expect(routing.rejections().find((fact) => fact.id === id)).toBeDefined(), 500);
      });
      await routing.publish(body, bad, type);
      await routing.publish('{"n":1}', good);
      await waitFor(() => expect(routing.acceptedAs(good)).toHaveLength(1));
      await waitFor(() =>
        expect(routing.rejections().find((fact) => fact.id === bad)).toMatchObject({ type, reason }),
      );
      expect(routing.ofEvent(bad)).toEqual([]);
    },
  );
});
