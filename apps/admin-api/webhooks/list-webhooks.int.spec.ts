import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { createWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

describe('listing webhooks', () => {
  const list = (query: string) =>
    api.ask('GET', `${WEBHOOKS}?${query}`, undefined, { 'tidings-tenant': 'lister' });
  const add = async (more: object) =>
    member(await createWebhook(api, more, { 'tidings-tenant': 'lister' }), 'id');
  let ids: string[];
  beforeAll(async () => {
    ids = [
      await add({ name: 'Invoices 100%', event_types: ['invoice.>'] }),
      await add({ name: 'tasks', event_types: ['task.*', 'other'], url: 'https://tasks.example.com/' }),
      await add({ name: 'all', event_types: ['*'], status: 'inactive' }),
    ];
  });

  it.each<[string, number[]]>([
    ['', [2, 1, 0]],
    ['status=active', [1, 0]],
    ['status=inactive', [2]],
    ['event_type=invoice.line.added', [2, 0]],
    ['event_type=invoice', [2]],
    ['event_type=task.completed', [2, 1]],
    ['event_type=task.item.completed', [2]],
    ['event_type=taskxcompleted', [2]],
    ['event_type=other', [2, 1]],
    ['q=INVOICES', [0]],
    ['q=100%25', [0]],
    ['q=%25', [0]],
    ['q=tasks.example', [1]],
    ['q=_', []],
  ])('?%s finds, newest first, what it should', async (query, found) => {
    const answer = await list(query);
    expect(idsOf(answer)).toEqual(found.map((i) => ids[i]));
    expect(answer.json).toMatchObject({ next_cursor: null });
  });

  it('goes on by cursor where it stopped, although webhooks arrive', async () => {
    const first = await list('limit=2');
    expect(idsOf(first)).toEqual([ids[2], ids[1]]);
    const arrived = await add({});
    const second = await list(`limit=2&cursor=${member(first, 'next_cursor')}`);
    expect(idsOf(second)).toEqual([ids[0]]);
    await api.ask('DELETE', `${WEBHOOKS}/${arrived}`, undefined, { 'tidings-tenant': 'lister' });
  });

  it('shows nothing to another tenant by a cursor of this one', async () => {
    const cursor = member(await list('limit=1'), 'next_cursor');
    const answer = await api.ask('GET', `${WEBHOOKS}?cursor=${cursor}`, undefined, {
      'tidings-tenant': 'nobody',
    });
    expect(idsOf(answer)).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=251',
    'limit=x',
    'cursor=abc',
    'status=odd',
    'event_type=a..b',
    'q=%00',
    'colour=red',
  ])('refuses ?%s with 422', async (query) => {
    const answer = await list(query);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(invalidAt(query.split('=')[0] ?? ''));
  });
});
