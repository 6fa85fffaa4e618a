import { Validator } from '@seriousme/openapi-schema-validator';
import { PROBLEMS } from '../problems/problem.js';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { operationsOf, type ApiDocument } from '../testing/document-for-tests.js';

let api: TestApi;
let document: ApiDocument;
beforeAll(async () => {
  api = await startApi();
  document = (await api.ask('GET', '/openapi.json')).json as ApiDocument;
}, 60_000);
afterAll(() => api.stop());

const operations = () => operationsOf(document);

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  });

  it('describes every route under /api/v1, each with its own operation id', () => {
    const described = operations().filter(({ path }) => path.startsWith('/api/v1/'));
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'delete /api/v1/event-types/{name}',
      'delete /api/v1/keys/{id}',
      'delete /api/v1/tenants/{id}',
      'delete /api/v1/webhooks/{id}',
      'delete /api/v1/webhooks/{id}/event-types/{type}',
      'get /api/v1/deliveries',
      'get /api/v1/deliveries/stream',
      'get /api/v1/deliveries/{id}',
      'get /api/v1/event-types',
      'get /api/v1/event-types/{name}',
      'get /api/v1/events',
      'get /api/v1/events/{id}',
      'get /api/v1/exports/attempts',
      'get /api/v1/exports/deliveries',
      'get /api/v1/exports/events',
      'get /api/v1/formats',
      'get /api/v1/jobs',
      'get /api/v1/jobs/{id}',
      'get /api/v1/keys',
      'get /api/v1/keys/{id}',
      'get /api/v1/retention',
      'get /api/v1/stats',
      'get /api/v1/stats/timeseries',
      'get /api/v1/system',
      'get /api/v1/tags',
      'get /api/v1/templates',
      'get /api/v1/templates/{id}',
      'get /api/v1/tenants',
      'get /api/v1/tenants/{id}',
      'get /api/v1/webhooks',
      'get /api/v1/webhooks/{id}',
      'get /api/v1/webhooks/{id}/deliveries',
      'get /api/v1/webhooks/{id}/event-types',
      'get /api/v1/webhooks/{id}/health',
      'get /api/v1/webhooks/{id}/history',
      'get /api/v1/webhooks/{id}/history/{version}',
      'get /api/v1/webhooks/{id}/signing-keys',
      'get /api/v1/webhooks/{id}/stats',
      'patch /api/v1/event-types/{name}',
      'patch /api/v1/tenants/{id}',
      'patch /api/v1/webhooks/{id}',
      'post /api/v1/deliveries/bulk-retry',
      'post /api/v1/deliveries/{id}/cancel',
      'post /api/v1/deliveries/{id}/retry',
      'post /api/v1/event-types',
      'post /api/v1/event-types/import',
      'post /api/v1/events',
      'post /api/v1/events/batch',
      'post /api/v1/events/preview',
      'post /api/v1/events/{id}/replay',
      'post /api/v1/jobs/{id}/cancel',
      'post /api/v1/keys',
      'post /api/v1/templates/{id}/webhooks',
      'post /api/v1/tenants',
      'post /api/v1/transforms/try',
      'post /api/v1/webhooks',
      'post /api/v1/webhooks/bulk-delete',
      'post /api/v1/webhooks/{id}/event-types',
      'post /api/v1/webhooks/{id}/pause',
      'post /api/v1/webhooks/{id}/preview',
      'post /api/v1/webhooks/{id}/replay',
      'post /api/v1/webhooks/{id}/resume',
      'post /api/v1/webhooks/{id}/rotate-secret',
      'post /api/v1/webhooks/{id}/test',
      'post /api/v1/webhooks/{id}/verify',
      'put /api/v1/event-types/{name}',
      'put /api/v1/tenants/{id}',
      'put /api/v1/webhooks/{id}',
    ]);
    const ids = described.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of described) expect(operation.security).toEqual([{ bearer: [] }]);
  });

  it('says of every write which fields it takes, and that it takes no others', () => {
    const writes = operations().filter(({ operation }) => operation.requestBody);
    expect(writes.length).toBeGreaterThan(5);
    for (const { operation } of writes)
      expect(operation.requestBody?.content['application/json']?.schema).toMatchObject({
        type: 'object',
        additionalProperties: false,
      });
  });

  it('names only problems that there are, under their status', () => {
    const codes = new Set<string>();
    for (const { operation } of operations()) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, code = ''] of description.matchAll(/`([a-z_]+)`: /g)) {
          expect([code, PROBLEMS[code as keyof typeof PROBLEMS].status]).toEqual([code, Number(status)]);
          codes.add(code);
        }
      }
    }
    expect(codes.size).toBeGreaterThan(8);
  });
});
