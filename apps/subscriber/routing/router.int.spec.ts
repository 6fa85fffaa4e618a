import { setTimeout as sleep } from 'node:timers/promises';
import { INLINE_BYTES } from '#bus';
import { newId } from '#domain';
import { waitFor } from '#testing';
import { RoutingForTests } from '../testing/routing-for-tests.js';

let routing: RoutingForTests;

beforeAll(async () => {
  routing = await RoutingForTests.start();
}, 30_000);
beforeEach(() => routing.newTenant());
afterAll(() => routing.stop());

describe('an event', () => {
  it('is owed to each webhook that listens to it, and to no other', async () => {
    const [one, other] = [routing.listens(), routing.listens({ event_types: ['order.*'] })];
    routing.listens({ event_types: ['task.done'] });
    routing.listens({ tenant: 'rival' });
    routing.listens({ status: 'disabled' });
    const id = newId('evt');
    const { sequence } = await routing.publish('{ "total": 1.0, "name": "Zoë" }', id);
    await waitFor(() => expect(routing.ofEvent(id)).toHaveLength(2));
    expect(new Set(routing.ofEvent(id).map(({ owed }) => owed.webhook))).toEqual(new Set([one.id, other.id]));
    for (const { owed, data } of routing.ofEvent(id)) {
      expect(owed).toMatchObject({
        tenant: routing.tenant,
        event_type: 'order.created',
        attempt: 1,
        sequence,
        by_reference: false,
      });
      expect(data.toString()).toBe('{ "total": 1.0, "name": "Zoë" }');
    }
    await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(1));
    const [fact] = routing.acceptedAs(id);
    expect(fact).toMatchObject({ match_count: 2, sequence, data: '{ "total": 1.0, "name": "Zoë" }' });
    expect(new Set(fact?.matches)).toEqual(
      new Set(routing.ofEvent(id).map(({ owed }) => ({ delivery: owed.delivery, webhook: owed.webhook }))),
    );
  });

  it('that no webhook wants is recorded all the same', async () => {
    const id = newId('evt');
    await routing.publish({ nobody: 'listens' }, id);
    await waitFor(() =>
      expect(routing.acceptedAs(id)).toEqual([expect.objectContaining({ match_count: 0, matches: [] })]),
    );
    expect(routing.ofEvent(id)).toEqual([]);
  });

  it('is owed once, with the same deliveries, when it is routed again after a crash', async () => {
    routing.listens();
    routing.listens();
    const id = newId('evt');
    routing.dieOnce = true;
    await routing.publish({ n: 1 }, id);
    await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(2));
    expect(routing.acceptedAs(id)[1]).toEqual(routing.acceptedAs(id)[0]);
    expect(routing.acceptedAs(id)[0]?.matches).toHaveLength(2);
    expect(routing.ofEvent(id)).toHaveLength(2);
  });

  it('whose id came before is recorded and owes nothing more', async () => {
    routing.listens();
    const id = newId('evt');
    // Without the header the stream takes both; the envelope says that they are one.
    await routing.publish({ id, data: { n: 1 } }, newId('evt'));
    // Two that the stream stored in one millisecond owe the very same delivery, and both may say so.
    await sleep(5);
    await routing.publish({ id, data: { n: 1 } }, newId('evt'));
    await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(2));
    expect(
      routing
        .acceptedAs(id)
        .map(({ matches }) => matches.length)
        .sort(),
    ).toEqual([0, 1]);
    expect(routing.ofEvent(id)).toHaveLength(1);
  });

  it('of one tenant does not hide an event of another with the same id', async () => {
    routing.listens();
    const rival = routing.listens({ tenant: `${routing.tenant}-rival` });
    const id = newId('evt');
    await routing.publish({ id, data: 1 }, newId('evt'));
    await routing.bus.publishEvent({
      tenant: rival.tenant,
      type: 'order.created',
      body: JSON.stringify({ id, data: 2 }),
      dedupId: newId('evt'),
    });
    await waitFor(() =>
      expect(
        routing
          .ofEvent(id)
          .map(({ owed }) => owed.tenant)
          .sort(),
      ).toEqual([routing.tenant, rival.tenant]),
    );
  });

  it('with a large payload travels by reference', async () => {
    routing.listens();
    const [small, large] = [newId('evt'), newId('evt')];
    const letters = (count: number) => JSON.stringify('ü'.repeat(count / 2 - 1));
    await routing.publish(letters(INLINE_BYTES), small);
    await routing.publish(letters(INLINE_BYTES + 2), large);
    await waitFor(() =>
      expect([routing.ofEvent(small).length, routing.ofEvent(large).length]).toEqual([1, 1]),
    );
    expect(routing.ofEvent(small)[0]).toMatchObject({ owed: { by_reference: false } });
    expect(routing.ofEvent(small)[0]?.data).toHaveLength(INLINE_BYTES);
    expect(routing.ofEvent(large)[0]).toMatchObject({ owed: { by_reference: true } });
    expect(routing.ofEvent(large)[0]?.data).toHaveLength(0);
    await waitFor(() => expect(routing.acceptedAs(large)).toEqual([expect.objectContaining({ data: null })]));
  });

  it('takes its metadata along, as they were written', async () => {
    routing.listens();
    const [some, none] = [newId('evt'), newId('evt')];
    const metadata = '{ "b": 1.50, "größe": [9007199254740993] }';
    await routing.publish(`{"id":"${some}","data":{"n":1},"metadata":${metadata}}`, newId('evt'));
    await routing.publish({ id: none, data: { n: 1 }, metadata: null }, newId('evt'));
    await waitFor(() => expect([routing.ofEvent(some).length, routing.ofEvent(none).length]).toEqual([1, 1]));
    expect(routing.ofEvent(some)[0]?.owed).toMatchObject({ by_reference: false, metadata });
    expect(routing.ofEvent(none)[0]?.owed).not.toHaveProperty('metadata');
  });

  it('takes its trace along, by reference too; one without a trace takes none', async () => {
    routing.listens();
    const [inline, large, none] = [newId('evt'), newId('evt'), newId('evt')];
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'rojo=1',
    };
    const event = { tenant: routing.tenant, type: 'order.created', trace };
    await routing.bus.publishEvent({ ...event, body: '1', dedupId: inline });
    await routing.bus.publishEvent({
      ...event,
      body: JSON.stringify('x'.repeat(INLINE_BYTES)),
      dedupId: large,
    });
    await routing.publish('1', none);
    await waitFor(() =>
      expect([inline, large, none].map((id) => routing.ofEvent(id).length)).toEqual([1, 1, 1]),
    );
    expect(routing.ofEvent(inline)[0]?.owed).toMatchObject({ by_reference: false, trace });
    expect(routing.ofEvent(large)[0]?.owed).toMatchObject({ by_reference: true, trace });
    expect(routing.ofEvent(none)[0]?.owed).not.toHaveProperty('trace');
  });

  it('with large metadata travels by reference, both left where they lie', async () => {
    routing.listens();
    const id = newId('evt');
    const metadata = JSON.stringify({ a: 'x'.repeat(INLINE_BYTES) });
    await routing.publish(`{"id":"${id}","data":1,"metadata":${metadata}}`, newId('evt'));
    await waitFor(() => expect(routing.ofEvent(id)).toHaveLength(1));
    const [{ owed, data } = { owed: undefined, data: undefined }] = routing.ofEvent(id);
    expect(owed).toMatchObject({ by_reference: true });
    expect(owed).not.toHaveProperty('metadata');
    expect(data).toHaveLength(0);
  });

  it('with metadata larger than a journal message is recorded, and blocks nobody', async () => {
    const [huge, next] = [newId('evt'), newId('evt')];
    // Within JSON within JSON each quotation mark is four characters.
    const metadata = JSON.stringify({ a: '"'.repeat(3_900_000) });
    await routing.publish(`{"id":"${huge}","data":1,"metadata":${metadata}}`, newId('evt'));
    await routing.publish({ n: 1 }, next);
    await waitFor(() =>
      expect([routing.acceptedAs(huge).length, routing.acceptedAs(next).length]).toEqual([1, 1]),
    );
  });

  it('is recorded with all that it matched, however many they are', async () => {
    for (let i = 0; i < 2_500; i++) routing.listens();
    const id = newId('evt');
    await routing.publish({ n: 1 }, id);
    await waitFor(() => expect(routing.acceptedAs(id).flatMap(({ matches }) => matches)).toHaveLength(2_500));
    for (const fact of routing.acceptedAs(id)) expect(fact.match_count).toBe(2_500);
  });

  it('is acknowledged when all of that is done', async () => {
    await waitFor(() => expect(routing.consumer.inFlight).toBe(0));
  });
});
