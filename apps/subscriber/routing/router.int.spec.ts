import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Bus,
  decodeOwed,
  EventCatalogues,
  KnownTenants,
  EVENTS,
  DELIVERIES,
  INLINE_BYTES,
  type Consumer,
  type OwedDelivery,
} from '#bus';
import { newId, RoutingTable, type RoutedWebhook } from '#domain';
import {
  readJournal,
  routedTenant,
  routedWebhook,
  startNats,
  TOPOLOGY,
  waitFor,
  type JournalReader,
  type TestNats,
} from '#testing';
import { Router } from './router.js';

let nats: TestNats;
let bus: Bus;
let journal: JournalReader;
let table: RoutingTable;
let consumer: Consumer;
let deliveries: Consumer;
/** Each test has one of its own. */
let tenant: string;
const owed: { owed: OwedDelivery; data: Buffer }[] = [];
/** Set to crash between the routing of an event and its acknowledgement. */
let dieOnce = false;
const listening = (change: Partial<RoutedWebhook> = {}) => routedWebhook({ tenant, ...change });
const counted = { accepted: [] as number[], rejected: 0 };

const ofEvent = (event: string) => owed.filter((one) => one.owed.event === event);
const acceptedAs = (id: string) => journal.of('event.accepted').filter((fact) => fact.id === id);
const publish = (body: unknown, id: string, type = 'order.created') =>
  bus.publishEvent({
    tenant,
    type,
    body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body),
    dedupId: id,
  });

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  journal = await readJournal(bus);
  table = new RoutingTable();
  const router = new Router(
    table,
    bus.deliveries,
    bus.journal('subscriber'),
    {
      accepted: (matches) => counted.accepted.push(matches),
      rejected: () => counted.rejected++,
    },
    await EventCatalogues.watch(bus),
    await KnownTenants.watch(bus.tenants),
  );
  consumer = bus.consumer({
    plan: { stream: EVENTS, durable: 'routing', filter: 'events.>', ackWaitMs: 2_000, maxAckPending: 100 },
    capacity: 50,
    handle: async (message) => {
      const outcome = await router.route(message);
      if (!dieOnce) return outcome;
      dieOnce = false;
      throw new Error('died before the acknowledgement');
    },
    report: () => undefined,
  });
  await consumer.start();
  deliveries = bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: 'dispatch',
      filter: 'deliveries.ready.>',
      ackWaitMs: 30_000,
      maxAckPending: 10_000,
    },
    capacity: 1_000,
    // Held: what is owed stays in the queue while it is looked at.
    handle: (message) => {
      owed.push(decodeOwed(message.payload));
      return new Promise(() => undefined);
    },
    report: () => undefined,
  });
  await deliveries.start();
}, 30_000);

beforeEach(async () => {
  tenant = newId('key');
  for (const id of ['default', tenant, `${tenant}-rival`]) await bus.tenants.put(routedTenant({ id }));
});

afterAll(async () => {
  await consumer.drain(1_000);
  await deliveries.drain(0);
  await journal.stop();
  await bus.close();
  await nats.stop();
});

describe('an event that webhooks have filters for', () => {
  const wantedBy = (id: string) => ofEvent(id).map(({ owed }) => owed.webhook);
  const filtered = (filter: Record<string, unknown>, change: Partial<RoutedWebhook> = {}) => {
    const webhook = listening({ filter, ...change });
    table.put(webhook);
    return webhook;
  };
  /** Publishes an event. @returns its id once it is recorded, and so all that it owes is queued */
  const routed = async (body: unknown, type?: string) => {
    const id = newId('evt');
    await publish(body, id, type);
    await waitFor(() => expect(acceptedAs(id)).toHaveLength(1));
    const [fact] = acceptedAs(id);
    await waitFor(() => expect(ofEvent(id)).toHaveLength(fact?.match_count ?? 0));
    return id;
  };

  it('is owed to those whose filter it meets and to those without one; no other is told of', async () => {
    const met = filtered({ 'data.total': { $gte: 100 }, 'data.priority': 'high' });
    filtered({ 'data.total': { $gt: 100 } });
    filtered({ 'data.total': '100' });
    filtered({ 'data.total': { $gte: 100 } }, { event_types: ['task.*'] });
    const plain = listening();
    table.put(plain);
    const id = await routed('{ "total": 1.0e2, "priority": "high" }');
    expect(wantedBy(id).sort()).toEqual([met.id, plain.id].sort());
    expect(
      acceptedAs(id)[0]
        ?.matches.map(({ webhook }) => webhook)
        .sort(),
    ).toEqual(wantedBy(id).sort());
    // Asking the filters has not made another text of it.
    for (const { data } of ofEvent(id))
      expect(data.toString()).toBe('{ "total": 1.0e2, "priority": "high" }');
  });

  it('is asked for its type and its metadata too', async () => {
    const ofType = filtered({ type: { $prefix: 'order.' } });
    const ofRegion = filtered({ 'metadata.region': { $in: ['eu', 'uk'] } });
    filtered({ 'metadata.region': 'us' });
    const id = await routed({ data: { total: 1 }, metadata: { region: 'eu' } });
    expect(wantedBy(id).sort()).toEqual([ofType.id, ofRegion.id].sort());
  });

  it('has what is not in it neither equal nor unequal by chance, also when it is no object', async () => {
    const absent = filtered({ 'data.deleted_at': { $exists: false } });
    const not = filtered({ $not: { 'data.deleted_at': { $exists: true } } });
    filtered({ 'data.deleted_at': null });
    for (const body of ['{"id":1}', '"a text"', '[1]', 'null'])
      expect(wantedBy(await routed(body)).sort()).toEqual([absent.id, not.id].sort());
  });

  it('and meets none of them is recorded as wanted by nobody', async () => {
    filtered({ 'data.total': { $lt: 0 } });
    const id = await routed({ total: 1 });
    expect(acceptedAs(id)).toEqual([expect.objectContaining({ match_count: 0, matches: [] })]);
  });

  it('is asked by the newest filter of a webhook', async () => {
    const webhook = filtered({ 'data.n': 1 });
    expect(wantedBy(await routed({ n: 2 }))).toEqual([]);
    table.put({ ...webhook, version: 2, filter: { 'data.n': 2 } });
    expect(wantedBy(await routed({ n: 2 }))).toEqual([webhook.id]);
    table.put({ ...webhook, version: 3, filter: null });
    expect(wantedBy(await routed({ n: 3 }))).toEqual([webhook.id]);
  });

  it('is kept from a webhook whose filter this version cannot read, and from no other', async () => {
    filtered({ 'data.n': { $from_a_later_version: 1 } });
    const readable = filtered({ 'data.n': 1 });
    expect(wantedBy(await routed({ n: 1 }))).toEqual([readable.id]);
  });

  it('is asked whole when its payload travels by reference', async () => {
    const webhook = filtered({ 'data.last': 'here' });
    filtered({ 'data.last': 'elsewhere' });
    const id = await routed({ long: 'x'.repeat(INLINE_BYTES), last: 'here' });
    expect(wantedBy(id)).toEqual([webhook.id]);
    expect(ofEvent(id)[0]?.owed.by_reference).toBe(true);
  });
});

describe('an event', () => {
  it('is owed to each webhook that listens to it, and to no other', async () => {
    const [one, other] = [listening(), listening({ event_types: ['order.*'] })];
    for (const webhook of [
      one,
      other,
      listening({ event_types: ['task.done'] }),
      listening({ tenant: 'rival' }),
      listening({ status: 'disabled' }),
    ])
      table.put(webhook);
    const id = newId('evt');
    const { sequence } = await publish('{ "total": 1.0, "name": "Zoë" }', id);
    await waitFor(() => expect(ofEvent(id)).toHaveLength(2));
    expect(new Set(ofEvent(id).map(({ owed }) => owed.webhook))).toEqual(new Set([one.id, other.id]));
    for (const { owed, data } of ofEvent(id)) {
      expect(owed).toMatchObject({
        tenant,
        event_type: 'order.created',
        attempt: 1,
        sequence,
        by_reference: false,
      });
      expect(data.toString()).toBe('{ "total": 1.0, "name": "Zoë" }');
    }
    await waitFor(() => expect(acceptedAs(id)).toHaveLength(1));
    const [fact] = acceptedAs(id);
    expect(fact).toMatchObject({ match_count: 2, sequence, data: '{ "total": 1.0, "name": "Zoë" }' });
    expect(new Set(fact?.matches)).toEqual(
      new Set(ofEvent(id).map(({ owed }) => ({ delivery: owed.delivery, webhook: owed.webhook }))),
    );
  });

  it('that no webhook wants is recorded all the same', async () => {
    const id = newId('evt');
    await publish({ nobody: 'listens' }, id);
    await waitFor(() =>
      expect(acceptedAs(id)).toEqual([expect.objectContaining({ match_count: 0, matches: [] })]),
    );
    expect(ofEvent(id)).toEqual([]);
  });

  it('is owed once, with the same deliveries, when it is routed again after a crash', async () => {
    table.put(listening());
    table.put(listening());
    const id = newId('evt');
    dieOnce = true;
    await publish({ n: 1 }, id);
    await waitFor(() => expect(acceptedAs(id)).toHaveLength(2));
    expect(acceptedAs(id)[1]).toEqual(acceptedAs(id)[0]);
    expect(acceptedAs(id)[0]?.matches).toHaveLength(2);
    expect(ofEvent(id)).toHaveLength(2);
  });

  it('whose id came before is recorded and owes nothing more', async () => {
    table.put(listening());
    const id = newId('evt');
    // Without the header the stream takes both; the envelope says that they are one.
    await publish({ id, data: { n: 1 } }, newId('evt'));
    // Two that the stream stored in one millisecond owe the very same delivery, and both may say so.
    await sleep(5);
    await publish({ id, data: { n: 1 } }, newId('evt'));
    await waitFor(() => expect(acceptedAs(id)).toHaveLength(2));
    expect(
      acceptedAs(id)
        .map(({ matches }) => matches.length)
        .sort(),
    ).toEqual([0, 1]);
    expect(ofEvent(id)).toHaveLength(1);
  });

  it('of one tenant does not hide an event of another with the same id', async () => {
    table.put(listening());
    const rival = listening({ tenant: `${tenant}-rival` });
    table.put(rival);
    const id = newId('evt');
    await publish({ id, data: 1 }, newId('evt'));
    await bus.publishEvent({
      tenant: rival.tenant,
      type: 'order.created',
      body: JSON.stringify({ id, data: 2 }),
      dedupId: newId('evt'),
    });
    await waitFor(() =>
      expect(
        ofEvent(id)
          .map(({ owed }) => owed.tenant)
          .sort(),
      ).toEqual([tenant, rival.tenant]),
    );
  });

  it('with a large payload travels by reference', async () => {
    table.put(listening());
    const [small, large] = [newId('evt'), newId('evt')];
    const letters = (count: number) => JSON.stringify('ü'.repeat(count / 2 - 1));
    await publish(letters(INLINE_BYTES), small);
    await publish(letters(INLINE_BYTES + 2), large);
    await waitFor(() => expect([ofEvent(small).length, ofEvent(large).length]).toEqual([1, 1]));
    expect(ofEvent(small)[0]).toMatchObject({ owed: { by_reference: false } });
    expect(ofEvent(small)[0]?.data).toHaveLength(INLINE_BYTES);
    expect(ofEvent(large)[0]).toMatchObject({ owed: { by_reference: true } });
    expect(ofEvent(large)[0]?.data).toHaveLength(0);
    await waitFor(() => expect(acceptedAs(large)).toEqual([expect.objectContaining({ data: null })]));
  });

  it('with metadata larger than a journal message is recorded, and blocks nobody', async () => {
    const [huge, next] = [newId('evt'), newId('evt')];
    // Within JSON within JSON each quotation mark is four characters.
    const metadata = JSON.stringify({ a: '"'.repeat(3_900_000) });
    await publish(`{"id":"${huge}","data":1,"metadata":${metadata}}`, newId('evt'));
    await publish({ n: 1 }, next);
    await waitFor(() => expect([acceptedAs(huge).length, acceptedAs(next).length]).toEqual([1, 1]));
  });

  it('is recorded with all that it matched, however many they are', async () => {
    for (let i = 0; i < 2_500; i++) table.put(listening());
    const id = newId('evt');
    await publish({ n: 1 }, id);
    await waitFor(() => expect(acceptedAs(id).flatMap(({ matches }) => matches)).toHaveLength(2_500));
    for (const fact of acceptedAs(id)) expect(fact.match_count).toBe(2_500);
  });

  it('is acknowledged when all of that is done', async () => {
    await waitFor(() => expect(consumer.inFlight).toBe(0));
  });
});

describe('a message that cannot be read', () => {
  const rejections = () => journal.of('event.rejected');

  it.each([
    ['is not JSON', 'order.created', '{"half', 'not_json', '{"half'],
    ['is not UTF-8', 'order.created', Buffer.from([0x22, 0xff, 0x22]), 'not_utf8', '"\ufffd"'],
    ['is empty', 'order.created', '', 'empty', ''],
    ['has a type that is none', 'order.created', '{"type":"no type","data":1}', 'invalid_type', '{"type"'],
  ])(
    'because it %s is recorded with its reason and beginning',
    async (_why, type, body, reason, beginning) => {
      table.put(listening());
      const { sequence } = await publish(body, newId('evt'), type);
      await waitFor(() => expect(rejections().filter((fact) => fact.sequence === sequence)).toHaveLength(1));
      const [fact] = rejections().filter((one) => one.sequence === sequence);
      expect(fact).toMatchObject({ tenant, type, reason });
      expect(fact?.excerpt.startsWith(beginning)).toBe(true);
      expect(owed.some(({ owed }) => owed.sequence === sequence)).toBe(false);
    },
  );

  it('because its subject names no tenant is recorded under the default tenant', async () => {
    const { sequence } = await bus.publishEvent({
      tenant: 'a$b',
      type: 'x',
      body: '1',
      dedupId: newId('evt'),
    });
    await waitFor(() =>
      expect(rejections().find((fact) => fact.sequence === sequence)).toMatchObject({
        tenant: 'default',
        reason: 'invalid_subject',
      }),
    );
  });

  it('because there is no such tenant is recorded under its name', async () => {
    const id = newId('evt');
    await bus.publishEvent({ tenant: 'nowhere', type: 'a.b', body: '1', dedupId: id });
    await waitFor(() =>
      expect(rejections().find((fact) => fact.id === id)).toMatchObject({
        tenant: 'nowhere',
        type: 'a.b',
        reason: 'unknown_tenant',
      }),
    );
  });

  it('because its tenant was just created is not refused', async () => {
    for (let i = 0; i < 20; i++) {
      const id = newId('key');
      await bus.tenants.put(routedTenant({ id }));
      await bus.publishEvent({ tenant: id, type: 'a.b', body: '1', dedupId: id });
      await waitFor(() => expect(acceptedAs(id)).toHaveLength(1));
    }
  });

  it('because nobody can say yet which tenants there are waits until that is known', async () => {
    const [id, newcomer] = [newId('evt'), newId('key')];
    await bus.tenants.remove('default');
    await bus.publishEvent({ tenant: newcomer, type: 'a.b', body: '1', dedupId: id });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(rejections().some((fact) => fact.id === id)).toBe(false);
    await bus.tenants.put(routedTenant({ id: newcomer }));
    await bus.tenants.put(routedTenant({ id: 'default' }));
    await waitFor(() => expect(acceptedAs(id)).toHaveLength(1), 10_000);
  });

  it('keeps no more than its first 4 KiB', async () => {
    const { sequence } = await publish(randomBytes(100_000).toString('base64'), newId('evt'));
    await waitFor(() =>
      expect(rejections().find((fact) => fact.sequence === sequence)?.excerpt).toHaveLength(4_096),
    );
  });

  it.each([
    ['is of a type that is not in the catalogue', 'order.lost', '{"n":1}', 'unknown_event_type'],
    ['does not fit its schema', 'order.created', '{"n":"one"}', 'invalid_data'],
  ])(
    'because its tenant is strict and it %s is recorded so, under its own id',
    async (_why, type, body, reason) => {
      table.put(listening());
      await bus.tenants.put(routedTenant({ id: tenant, strict_event_types: true }));
      const schema = { type: 'object', properties: { n: { type: 'number' } } };
      await bus.eventTypes.put({ tenant, name: 'order.created', version: 1, schema, archived: false });
      const [bad, good] = [newId('evt'), newId('evt')];
      await waitFor(async () => {
        const id = newId('evt');
        await publish(body, id, type);
        await waitFor(() => expect(rejections().find((fact) => fact.id === id)).toBeDefined(), 500);
      });
      await publish(body, bad, type);
      await publish('{"n":1}', good);
      await waitFor(() => expect(acceptedAs(good)).toHaveLength(1));
      await waitFor(() =>
        expect(rejections().find((fact) => fact.id === bad)).toMatchObject({ type, reason }),
      );
      expect(ofEvent(bad)).toEqual([]);
    },
  );
});
