import { newId } from '#domain';
import { dropDay } from '#persistence';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { openRecord, type TestRecord } from '../testing/record-for-tests.js';

const DAY_MS = 86_400_000;
const SHORT = { 'tidings-tenant': 'short' };

let api: TestApi;
let record: TestRecord;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
  await api.ask('POST', '/api/v1/tenants', { id: 'short', name: 'short', retention_days: 3 });
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});

async function recorded(days: number, outcome: 'success' | 'pending') {
  const accepted_at = Date.now() - days * DAY_MS;
  const event = await record.event({ tenant: 'short', accepted_at, id: newId('evt', accepted_at) });
  return record.delivery('wh_1', outcome, event);
}

const ask = (path: string) => api.ask('GET', `/api/v1/${path}`, undefined, SHORT);
/** Ids in a list that looks as far back as there is anything. */
async function listed(what: string): Promise<string[]> {
  const { json } = await ask(`${what}?since=2020-01-01T00:00:00Z`);
  return (json as { data: { id: string }[] }).data.map(({ id }) => id);
}

describe('what a tenant keeps no more', () => {
  it('is not shown, whether or not the sweep has been; what is open is, to who asks for it', async () => {
    const [young, over, open] = [
      await recorded(2, 'success'),
      await recorded(5, 'success'),
      await recorded(6, 'pending'),
    ];
    expect(await listed('deliveries')).toEqual([young.delivery]);
    expect(await listed('events')).toEqual([young.event]);
    const statuses = async (kind: 'delivery' | 'event', path: string) =>
      Promise.all([young, over, open].map(async (of) => (await ask(`${path}/${of[kind]}`)).status));
    expect(await statuses('delivery', 'deliveries')).toEqual([200, 404, 200]);
    expect(await statuses('event', 'events')).toEqual([200, 404, 200]);
    await dropDay(record.database, new Date(over.created_at).toISOString().slice(0, 10));
    expect(await statuses('delivery', 'deliveries')).toEqual([200, 404, 200]);
  });

  it('is said to be kept no more, where the id says when it was', async () => {
    const { delivery } = await recorded(10, 'success');
    const since = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10);
    expect((await ask(`deliveries/${delivery}`)).json).toMatchObject({
      code: 'delivery_not_found',
      detail: `There is no delivery ${delivery}. What was before ${since}T00:00:00.000Z is kept no more.`,
    });
  });
});
