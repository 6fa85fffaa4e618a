import { startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

describe('access', () => {
  it.each([
    ['no key', ''],
    ['a key that is not known', 'Bearer tdg_operator_00000000000000000000'],
    ['another scheme', 'Basic dGRnOg=='],
    ['a key without the scheme', 'tdg_operator_0123456789abcdefghij'],
  ])('%s is refused with 401, everywhere under /api/v1', async (_title, authorization) => {
    for (const path of ['webhooks', 'webhooks/wh_1', 'events', 'events/e', 'deliveries', 'deliveries/d']) {
      const answer = await api.ask('GET', `/api/v1/${path}`, undefined, { authorization });
      expect([answer.status, answer.json]).toMatchObject([401, { code: 'unauthenticated' }]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    const post = await api.ask('POST', '/api/v1/events', { type: 'a', data: 1 }, { authorization });
    expect(post.status).toBe(401);
  });

  it('health, metrics and the documentation need no key', async () => {
    for (const path of ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json'])
      expect((await api.ask('GET', path, undefined, { authorization: '' })).status).toBe(200);
  });

  it.each(['a b', 'a.b', '*', 'x'.repeat(65)])('a tenant cannot be called %j', async (tenant) => {
    const answer = await api.ask('GET', '/api/v1/webhooks', undefined, { 'tidings-tenant': tenant });
    expect([answer.status, answer.json]).toMatchObject([422, { errors: [{ path: 'Tidings-Tenant' }] }]);
  });

  it('what is nowhere is a problem document too', async () => {
    const answer = await api.ask('GET', '/api/v1/nothing');
    expect([answer.status, answer.json]).toMatchObject([404, { code: 'not_found', status: 404 }]);
    expect((await api.ask('GET', '/%')).json).toMatchObject({ code: 'bad_request' });
  });

  it('the front page leads to the documentation', async () => {
    const answer = await api.ask('GET', '/');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
  });
});
