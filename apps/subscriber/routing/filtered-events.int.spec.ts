import { INLINE_BYTES } from '#bus';
import { newId, type RoutedWebhook } from '#domain';
import { waitFor } from '#testing';
import { RoutingForTests } from '../testing/routing-for-tests.js';

let routing: RoutingForTests;

beforeAll(async () => {
  routing = await RoutingForTests.start();
}, 30_000);
beforeEach(() => routing.newTenant());
afterAll(() => routing.stop());

describe('an event that webhooks have filters for', () => {
  const wantedBy = (id: string) => routing.ofEvent(id).map(({ owed }) => owed.webhook);
  const filtered = (filter: Record<string, unknown>, change: Partial<RoutedWebhook> = {}) =>
    routing.listens({ filter, ...change });
  /** Publishes an event. @returns its id once it is recorded, and so all that it owes is queued */
  const routed = async (body: unknown, type?: string) => {
    const id = newId('evt');
    await routing.publish(body, id, type);
    await waitFor(() => expect(routing.acceptedAs(id)).toHaveLength(1));
    const [fact] = routing.acceptedAs(id);
    await waitFor(() => expect(routing.ofEvent(id)).toHaveLength(fact?.match_count ?? 0));
    return id;
  };

  it('is owed to those whose filter it meets and to those without one; no other is told of', async () => {
    const met = filtered({ 'data.total': { $gte: 100 }, 'data.priority': 'high' });
    filtered({ 'data.total': { $gt: 100 } });
    filtered({ 'data.total': '100' });
    filtered({ 'data.total': { $gte: 100 } }, { event_types: ['task.*'] });
    const plain = routing.listens();
    const id = await routed('{ "total": 1.0e2, "priority": "high" }');
    expect(wantedBy(id).sort()).toEqual([met.id, plain.id].sort());
    expect(
      routing
        .acceptedAs(id)[0]
        ?.matches.map(({ webhook }) => webhook)
        .sort(),
    ).toEqual(wantedBy(id).sort());
    // Asking the filters has not made another text of it.
    for (const { data } of routing.ofEvent(id))
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
    expect(routing.acceptedAs(id)).toEqual([expect.objectContaining({ match_count: 0, matches: [] })]);
  });

  it('is asked by the newest filter of a webhook', async () => {
    const webhook = filtered({ 'data.n': 1 });
    expect(wantedBy(await routed({ n: 2 }))).toEqual([]);
    routing.table.put({ ...webhook, version: 2, filter: { 'data.n': 2 } });
    expect(wantedBy(await routed({ n: 2 }))).toEqual([webhook.id]);
    routing.table.put({ ...webhook, version: 3, filter: null });
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
    expect(routing.ofEvent(id)[0]?.owed.by_reference).toBe(true);
  });

  it('is acknowledged when all of that is done', async () => {
    await waitFor(() => expect(routing.consumer.inFlight).toBe(0));
  });
});
