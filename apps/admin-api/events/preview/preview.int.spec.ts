import { idsOf, member, startApi, type TestApi } from '../../testing/api-for-tests.js';
import { createWebhook, invalidAt } from '../../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const PREVIEW = '/api/v1/events/preview';
const event = { type: 'order.paid', data: { total: 120, lines: [{ sku: 'x' }] }, metadata: { region: 'eu' } };

describe('POST /events/preview', () => {
  it('says of every webhook of the tenant whether it would receive the event, and if not, why', async () => {
    const tenant = { 'tidings-tenant': 'previewing' };
    const make = async (fields: object) =>
      member(await createWebhook(api, { event_types: ['order.*'], ...fields }, tenant), 'id');
    const all = await make({});
    const passing = await make({ filter: { 'data.total': { $gte: 100 }, 'metadata.region': 'eu' } });
    const paused = await make({ status: 'inactive' });
    const elsewhere = await make({ event_types: ['task.*'] });
    const small = await make({ filter: { 'metadata.region': 'eu', 'data.total': { $gte: 1, $lt: 100 } } });
    const either = await make({ filter: { $or: [{ 'data.total': 1 }, { 'data.lines.0.sku': 'y' }] } });
    await createWebhook(api, { event_types: ['*'] }, { 'tidings-tenant': 'another' });

    const answer = await api.ask('POST', PREVIEW, event, tenant);
    expect(answer.status).toBe(200);
    const no = { receives: false };
    expect(answer.json).toMatchObject({
      data: [
        { webhook_id: either, ...no, reason: 'filter', failed_condition: '$or' },
        { webhook_id: small, ...no, reason: 'filter', failed_condition: 'data.total.$lt' },
        { webhook_id: elsewhere, ...no, reason: 'event_type', failed_condition: null },
        { webhook_id: paused, receives: true, reason: null, status: 'inactive' },
        { webhook_id: passing, receives: true, reason: null },
        { webhook_id: all, receives: true, reason: null },
      ],
      next_cursor: null,
    });

    const first = await api.ask('POST', `${PREVIEW}?limit=4`, event, tenant);
    const rest = await api.ask('POST', `${PREVIEW}?cursor=${member(first, 'next_cursor')}`, event, tenant);
    expect(rest.json).toMatchObject({
      data: [{ webhook_id: passing }, { webhook_id: all }],
      next_cursor: null,
    });
  });

  it('publishes nothing', async () => {
    await api.ask('POST', PREVIEW, event);
    expect(idsOf(await api.ask('GET', '/api/v1/events'))).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['no type', { data: 1 }, 'type'],
    ['a type that is none', { type: 'a b', data: 1 }, 'type'],
    ['no data', { type: 'a' }, 'data'],
    ['an id, for there is no event', { type: 'a', data: 1, id: 'x' }, 'id'],
  ])('refuses %s', async (_title, body, path) => {
    const answer = await api.ask('POST', PREVIEW, body);
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(path)]);
  });
});
