import { Bus, type Preview } from '#bus';
import { deliveryIdOf, newId, type AttemptFinished } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { TOPOLOGY } from '#testing';
import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { Contract } from '../testing/contract.js';
import { documentWithoutServers, type ApiDocument } from '../testing/document-for-tests.js';

const contract = new Contract(await documentWithoutServers());

const PREVIEW: Preview = {
  request: { method: 'POST', url: 'https://example.com/', headers: { 'webhook-id': 'e-1' }, body: '{}' },
  ...{ truncated: false, before: null, dropped: false, error: null },
  console: [{ level: 'log', text: 'seen' }],
  transform_ms: 0.4,
};

let api: TestApi;
let database: DataSource;
let dispatcher: Bus;
beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  dispatcher = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  dispatcher.testAttempts.serve(() => Promise.resolve({ attempt: attemptOf('test', Date.now()) }));
  dispatcher.previews.serve(() => Promise.resolve({ preview: PREVIEW }));
}, 60_000);
afterAll(async () => {
  await dispatcher.close();
  await database.destroy();
  await api.stop();
});

/** What there is in an operation's tenant before it is called: of each resource one. */
interface Prepared {
  webhooks: string;
  keys: string;
  'event-types': string;
  tenants: string;
  events: string;
  deliveries: string;
  jobs: string;
  templates: string;
}

/** Of these, what is there before has not ended. */
const OF_WHAT_IS_OWED = ['cancelDelivery'];

async function prepare(tenant: string, id: string): Promise<Prepared> {
  await api.ask('POST', '/api/v1/tenants', { id: tenant, name: tenant });
  const made = async (what: string, body: object, id = 'id') =>
    member(await api.ask('POST', `/api/v1/${what}`, body, { 'tidings-tenant': tenant }), id);
  const webhook = await made('webhooks', {
    name: 'there before',
    url: 'https://example.com/',
    event_types: ['order.*', 'task.*'],
    tags: ['billing'],
    auth: { type: 'bearer', token: 'a token' },
    format: { signature: { scheme: 'v1a' } },
  });
  const type = await made('event-types', { name: 'task.completed', schema: { type: 'object' } }, 'name');
  const key = await made('keys', { name: 'there before', role: 'viewer' });
  const delivery = await record(tenant, webhook, !OF_WHAT_IS_OWED.includes(id));
  return {
    webhooks: webhook,
    keys: key,
    'event-types': type,
    tenants: tenant,
    events: 'e-1',
    deliveries: delivery,
    jobs: await jobOfAnother(tenant),
    templates: 'slack',
  };
}

/** A job on which somebody else seems to be at work. */
async function jobOfAnother(tenant: string): Promise<string> {
  const id = newId('job');
  await database.query(
    `INSERT INTO jobs (id, tenant, kind, params, status, done, skipped, actor, created_at, updated_at, leased_until)
     VALUES ($1, $2, 'bulk_retry', '{}', 'running', 0, 0, 'operator', now(), now(), now() + interval '1 hour')`,
    [id, tenant],
  );
  return id;
}

function attemptOf(name: string, at: number): AttemptFinished['attempt'] {
  return {
    id: `att_${name}`,
    number: 1,
    trigger: 'auto',
    started_at: at,
    duration_ms: 12,
    request: { method: 'POST', url: 'https://example.com/', headers: { a: 'b' }, body: '{}' },
    response: { status: 500, headers: { 'x-a': 'b' }, body: 'no', truncated: false },
    error: { kind: 'http_status', message: 'The receiver answered 500.' },
  };
}

/** An event and a delivery of it that failed or is owed, as a subscriber would have recorded them. */
async function record(tenant: string, webhook: string, failed: boolean): Promise<string> {
  const at = Date.now();
  const delivery = deliveryIdOf('e-1', webhook, at);
  const of = { tenant, delivery, event: 'e-1', event_type: 'task.completed', webhook, created_at: at };
  const finished: AttemptFinished = {
    kind: 'attempt.finished',
    ...of,
    attempt: attemptOf(tenant, at),
    outcome: 'failed',
    next_attempt_at: null,
    reason: 'http_status',
  };
  await new Projection(database).project([
    {
      kind: 'event.accepted',
      tenant,
      id: 'e-1',
      type: of.event_type,
      timestamp: new Date(at).toISOString(),
      accepted_at: at,
      data: '{"n":1}',
      metadata: '{"region":"eu"}',
      sequence: 1,
      match_count: 1,
      matches: [{ webhook, delivery }],
    },
    ...(failed ? [finished] : []),
  ]);
  return delivery;
}

/** Where the example, meant to be read, is not what can be sent here. */
const BODIES: Record<string, object> = { createTenant: { id: 'not-there-yet', name: 'Acme Ltd' } };
const PLACES: Record<string, string> = { '{type}': 'order.*', '{version}': '1' };

describe('every operation, called as its own example shows, answers as the document says', () => {
  it.each(contract.operations.map((found) => [found.operation.operationId, found] as const))(
    '%s',
    async (id, found) => {
      const { method, path, operation } = found;
      const tenant = `of-${id}`;
      const prepared = await prepare(tenant, id);
      const resource = path.split('/')[3] as keyof Prepared;
      const target = path.replace(/\{\w+\}/g, (place) => PLACES[place] ?? prepared[resource]);
      const body = BODIES[id] ?? operation.requestBody?.content['application/json']?.example;
      const answer = await api.ask(method.toUpperCase(), target, body, { 'tidings-tenant': tenant });
      expect(contract.breaches(found, answer)).toEqual([]);
      expect([answer.text, answer.status]).toEqual([answer.text, successOf(operation.responses)]);
      // A list that is empty would say little of its items.
      if (method === 'get' && answer.text.startsWith('{"data":'))
        expect(answer.text).not.toContain('"data":[]');
    },
  );

  it('as /openapi.json of the running API says too', async () => {
    const served = (await api.ask('GET', '/openapi.json')).json as ApiDocument;
    expect(served).toEqual(await documentWithoutServers());
  });
});

function successOf(responses: Record<string, unknown>): number {
  return Number(Object.keys(responses).find((status) => status.startsWith('2')));
}
