import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { WEBHOOKS } from '../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  await api.halt();
  api.options.requestsPerSecond = 5;
  await api.resume();
}, 60_000);
afterAll(() => api.stop());

describe('the rate limit', () => {
  it('tells each caller where they stand, and refuses what is too much with when to come again', async () => {
    const answers = [];
    for (let i = 0; i < 8; i++) answers.push(await api.ask('GET', WEBHOOKS));
    const [first] = answers;
    expect([first?.status, first?.headers.get('ratelimit-policy'), first?.headers.get('ratelimit')]).toEqual([
      200,
      '"key";q=5;w=1',
      '"key";r=4;t=0',
    ]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json).toMatchObject({ code: 'rate_limited', limit: 5, period_seconds: 1 });
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(refused?.headers.get('ratelimit')).toBe('"key";r=0;t=1');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await api.ask('GET', WEBHOOKS)).status).toBe(200);
  });

  it('is one for each key', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const key = await api.ask('POST', '/api/v1/keys', { name: 'k', role: 'viewer' });
    for (let i = 0; i < 6; i++) await api.ask('GET', WEBHOOKS);
    expect((await api.ask('GET', WEBHOOKS)).status).toBe(429);
    const authorization = `Bearer ${member(key, 'key')}`;
    expect((await api.ask('GET', WEBHOOKS, undefined, { authorization })).status).toBe(200);
  });
});
