import type { StreamAges } from '#bus';
import { openDatabase, type DataSource } from '#persistence';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { StreamAgesKeeper } from './stream-ages-keeper.js';

let api: TestApi;
let database: DataSource;
const said: StreamAges[] = [];
let keeper: StreamAgesKeeper;
beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  const bus = {
    keepStreams: (ages: StreamAges) => {
      said.push(ages);
      return Promise.resolve();
    },
  };
  keeper = new StreamAgesKeeper({ bus, database, owedForHours: 240, report: () => undefined });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await api.stop();
});

/** For how many days the streams are to keep what they hold, after a tenant was changed. */
async function daysWhen(method: string, path: string, body?: object) {
  const { status } = await api.ask(method, `/api/v1/tenants${path}`, body);
  expect(status).toBeLessThan(300);
  await keeper.follow();
  const { events, journal } = said.at(-1) ?? { events: 0, journal: 0 };
  return [events / 24, journal / 24];
}

describe('the streams follow the tenant that keeps its record longest', () => {
  it('when one comes, changes and goes', async () => {
    await keeper.follow();
    expect(said.at(-1)).toEqual({ events: 32 * 24, journal: 32 * 24 });
    expect(await daysWhen('POST', '', { id: 'long', name: 'long', retention_days: 365 })).toEqual([367, 367]);
    expect(await daysWhen('PATCH', '/long', { retention_days: 90 })).toEqual([92, 92]);
    expect(await daysWhen('DELETE', '/long')).toEqual([32, 32]);
  });

  it('and events stay as long as deliveries of them may be owed', async () => {
    const ids = ((await api.ask('GET', '/api/v1/tenants')).json as { data: { id: string }[] }).data;
    for (const { id } of ids.slice(1)) await daysWhen('PATCH', `/${id}`, { retention_days: 3 });
    expect(await daysWhen('PATCH', `/${ids[0]?.id}`, { retention_days: 3 })).toEqual([11, 5]);
  });
});
