import { Bus } from '#bus';
import { openDatabase } from '#persistence';
import { TOPOLOGY, waitFor } from '#testing';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';
import { member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';
import { codesOf, Contract } from '../testing/contract.js';
import { documentWithoutServers } from '../testing/document-for-tests.js';
import { openRecord, type TestRecord } from '../testing/record-for-tests.js';
import { askSlowly, recordLargeEvents } from '../testing/slow-export.js';
import { createWebhook, WEBHOOKS, webhookFields } from '../testing/webhooks-for-tests.js';

const contract = new Contract(await documentWithoutServers());

const TENANTS = '/api/v1/tenants';
const TYPES = '/api/v1/event-types';
const EVENTS = '/api/v1/events';
const KEYS = '/api/v1/keys';
const STRICT = { 'tidings-tenant': 'strict' };
const TINY = { 'tidings-tenant': 'tiny' };
const DELIVERIES = '/api/v1/deliveries';
const JOBS = '/api/v1/jobs';
const NO_WEBHOOK = `${WEBHOOKS}/wh_none`;

let api: TestApi;
let webhook: string;
let viewer: string;
let record: TestRecord;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
  await api.ask('POST', TENANTS, { id: 'strict', name: 'strict', strict_event_types: true });
  await api.ask('POST', TENANTS, { id: 'tiny', name: 'tiny', max_webhooks: 1 });
  await api.ask('POST', TYPES, { name: 'order.paid', schema: { required: ['total'] } }, STRICT);
  await api.ask('POST', TYPES, { name: 'order.paid' });
  await createWebhook(api, {}, TINY);
  webhook = `${WEBHOOKS}/${member(await createWebhook(api, { name: 'taken' }), 'id')}`;
  viewer = member(await api.ask('POST', KEYS, { name: 'viewer', role: 'viewer' }), 'key');
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});

const made = async (more: object = {}) => member(await createWebhook(api, more), 'id');

/** Asks for the retry of a delivery that has ended, or not. */
async function retried(
  outcome: Parameters<TestRecord['delivery']>[1],
  to?: string,
  event?: Parameters<TestRecord['event']>[0],
): Promise<TestAnswer> {
  const of = await record.delivery(to ?? (await made()), outcome, await record.event(event));
  return api.ask('POST', `${DELIVERIES}/${of.delivery}/retry`);
}

async function disabledWebhook(): Promise<string> {
  const id = await made();
  await record.database.query(`UPDATE webhooks SET status = 'disabled' WHERE id = $1`, [id]);
  return id;
}

async function cancelledOfEnded(): Promise<TestAnswer> {
  const { delivery } = await record.delivery(await made(), 'failed');
  return api.ask('POST', `${DELIVERIES}/${delivery}/cancel`);
}

async function replayOfRejected(): Promise<TestAnswer> {
  const at = Date.now();
  await record.project({
    kind: 'event.rejected',
    ...{ tenant: 'default', id: 'rejected', type: 'a', accepted_at: at, sequence: 1, reason: 'not_json' },
    excerpt: '{',
  });
  return api.ask('POST', `${EVENTS}/rejected/replay`);
}

async function cancelledTwice(): Promise<TestAnswer> {
  const id = member(await api.ask('POST', `${DELIVERIES}/bulk-retry`, {}), 'id');
  await waitFor(async () =>
    expect((await api.ask('GET', `${JOBS}/${id}`)).json).toMatchObject({ status: 'done' }),
  );
  return api.ask('POST', `${JOBS}/${id}/cancel`);
}

async function testWithSilentDispatcher(): Promise<TestAnswer> {
  const quick = await made({ timeout_seconds: 1 });
  const answered = Promise.withResolvers<never>();
  record.bus.testAttempts.serve(() => answered.promise);
  await record.bus.ping();
  const answer = await api.ask('POST', `${WEBHOOKS}/${quick}/test`);
  answered.reject(new Error('over'));
  return answer;
}

/** While a table is locked, whoever would write it waits. */
async function whileLocked(table: string, work: () => Promise<void>): Promise<void> {
  const database = await openDatabase(api.postgres.url, { name: 'spec' });
  const session = database.createQueryRunner();
  await session.startTransaction();
  await session.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  await work().finally(() => session.rollbackTransaction());
  await session.release();
  await database.destroy();
}

async function inFlight(): Promise<TestAnswer> {
  let second: TestAnswer | undefined;
  let first: Promise<TestAnswer> | undefined;
  const body = { name: 'in.flight' };
  const headers = { 'idempotency-key': 'in-flight' };
  await whileLocked('event_types', async () => {
    first = api.ask('POST', TYPES, body, headers);
    const started = async () => {
      const database = await openDatabase(api.postgres.url, { name: 'spec' });
      const rows: unknown[] = await database.query(`SELECT 1 FROM idempotency_keys WHERE key = 'in-flight'`);
      await database.destroy();
      expect(rows).toHaveLength(1);
    };
    await waitFor(started);
    second = await api.ask('POST', TYPES, body, headers);
  });
  await first;
  return second as TestAnswer;
}

async function reused(): Promise<TestAnswer> {
  const headers = { 'idempotency-key': 'reused' };
  await api.ask('POST', EVENTS, { type: 'a', data: 1 }, headers);
  return api.ask('POST', EVENTS, { type: 'a', data: 2 }, headers);
}

async function sealedByAKeyThatIsGone(): Promise<TestAnswer> {
  const ask = () => api.ask('POST', EVENTS, { type: 'a', data: 1 }, { 'idempotency-key': 'sealed' });
  await ask();
  await record.database.query(`UPDATE idempotency_keys SET answer = 'gone.AAAA' WHERE key = 'sealed'`);
  return ask();
}

async function notProven(): Promise<TestAnswer> {
  const tenant = { 'tidings-tenant': 'wary' };
  await api.ask('POST', TENANTS, { id: 'wary', name: 'wary', ownership_check: 'handshake' });
  const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  bus.ownershipChecks.serve(() => Promise.resolve({ refused: 'not_agreed', detail: 'It said no.' }));
  const body = { name: 'w', url: 'http://127.0.0.1:1/', event_types: ['*'] };
  const webhook = await api.ask('POST', WEBHOOKS, body, tenant);
  const answer = await api.ask('POST', `${WEBHOOKS}/${member(webhook, 'id')}/verify`, undefined, tenant);
  await bus.close();
  return answer;
}

async function tooManyGuesses(): Promise<TestAnswer> {
  const headers = { authorization: 'Bearer tdg_wrong' };
  for (let guess = 0; guess < 200; guess += 1) {
    const answer = await api.ask('GET', WEBHOOKS, undefined, headers);
    if (answer.status === 429) return answer;
  }
  throw new Error('200 wrong keys were not too many.');
}

async function tooManyExports(): Promise<TestAnswer> {
  const target = '/api/v1/exports/events';
  await api.ask('POST', TENANTS, { id: 'large', name: 'large' });
  await recordLargeEvents(record.database, 'large');
  const sockets = [await askSlowly(api, 'large', target), await askSlowly(api, 'large', target)];
  const answer = await api.ask('GET', target, undefined, { 'tidings-tenant': 'large' });
  for (const socket of sockets) socket.destroy();
  return answer;
}

async function tooManyRequests(): Promise<TestAnswer> {
  await api.halt();
  const before = api.options.requestsPerSecond;
  api.options.requestsPerSecond = 1;
  await api.resume();
  await api.ask('GET', WEBHOOKS);
  const answer = await api.ask('GET', WEBHOOKS);
  await api.halt();
  api.options.requestsPerSecond = before;
  await api.resume();
  return answer;
}

async function broken(): Promise<TestAnswer> {
  const database = await openDatabase(api.postgres.url, { name: 'spec' });
  await database.query('ALTER TABLE event_types RENAME TO event_types_gone');
  const answer = await api.ask('GET', TYPES);
  await database.query('ALTER TABLE event_types_gone RENAME TO event_types');
  await database.destroy();
  return answer;
}

async function withoutDatabase(): Promise<TestAnswer> {
  await api.postgres.halt();
  const answer = await api.ask('GET', WEBHOOKS);
  await api.postgres.restart();
  return answer;
}

async function withoutNats(): Promise<TestAnswer> {
  await api.nats.halt();
  const answer = await api.ask('POST', EVENTS, { type: 'a', data: 1 });
  await api.nats.restart();
  return answer;
}

async function withoutSandbox(): Promise<TestAnswer> {
  await api.halt();
  const node = process.execPath;
  process.execPath = '/there/is/no/node';
  await api.resume();
  const answer = await createWebhook(api, { transform: 'function transform(event) { return event }' });
  process.execPath = node;
  await api.halt();
  await api.resume();
  return answer;
}

/** The other is of a route for receivers: signing-keys.int.spec.ts. */
type ProblemUnderApi = Exclude<ProblemCode, 'signing_keys_not_found'>;

/** For each code a request to an operation that is answered with it; those that take a server away come last. */
const PROVOKED: Record<ProblemUnderApi, [operation: string, ask: () => Promise<TestAnswer>]> = {
  malformed_json: ['publishEvent', () => api.ask('POST', EVENTS, '{')],
  malformed_yaml: [
    'importEventTypes',
    () => api.ask('POST', `${TYPES}/import`, 'a: b: c', { 'content-type': 'application/yaml' }),
  ],
  bad_request: ['readWebhook', () => api.ask('GET', `${WEBHOOKS}/%zz`)],
  unauthenticated: ['listWebhooks', () => api.ask('GET', WEBHOOKS, undefined, { authorization: 'Basic x' })],
  forbidden: [
    'createWebhook',
    () => api.ask('POST', WEBHOOKS, webhookFields(), { authorization: `Bearer ${viewer}` }),
  ],
  not_found: ['readWebhook', () => api.ask('GET', `${WEBHOOKS}/a%20b`)],
  tenant_not_found: ['readTenant', () => api.ask('GET', `${TENANTS}/nowhere`)],
  key_not_found: ['readKey', () => api.ask('GET', `${KEYS}/key_none`)],
  webhook_not_found: ['readWebhook', () => api.ask('GET', NO_WEBHOOK)],
  webhook_version_not_found: ['readWebhookVersion', () => api.ask('GET', `${webhook}/history/77`)],
  subscription_not_found: ['unsubscribe', () => api.ask('DELETE', `${webhook}/event-types/no.such`)],
  event_not_found: ['readEvent', () => api.ask('GET', `${EVENTS}/none`)],
  delivery_not_found: ['readDelivery', () => api.ask('GET', '/api/v1/deliveries/dlv_none')],
  template_not_found: ['readTemplate', () => api.ask('GET', '/api/v1/templates/none')],
  job_not_found: ['readJob', () => api.ask('GET', `${JOBS}/job_none`)],
  event_type_not_found: ['deleteEventType', () => api.ask('DELETE', `${TYPES}/no.such`)],
  tenant_exists: ['createTenant', () => api.ask('POST', TENANTS, { id: 'acme', name: 'again' })],
  tenant_is_permanent: ['deleteTenant', () => api.ask('DELETE', `${TENANTS}/default`)],
  idempotency_in_flight: ['createEventType', inFlight],
  idempotency_answer_unreadable: ['publishEvent', sealedByAKeyThatIsGone],
  webhook_name_taken: ['createWebhook', () => createWebhook(api, { name: 'taken' })],
  event_type_exists: ['createEventType', () => api.ask('POST', TYPES, { name: 'order.paid' })],
  delivery_pending: ['retryDelivery', () => retried('pending')],
  delivery_ended: ['cancelDelivery', cancelledOfEnded],
  event_rejected: ['replayEvent', replayOfRejected],
  payload_expired: ['retryDelivery', () => retried('failed', undefined, { data: null, sequence: 999_999 })],
  webhook_gone: ['retryDelivery', () => retried('failed', 'wh_none')],
  webhook_disabled: ['retryDelivery', async () => retried('failed', await disabledWebhook())],
  job_ended: ['cancelJob', cancelledTwice],
  sandbox_unavailable: ['createWebhook', withoutSandbox],
  no_dispatcher: ['testWebhook', () => api.ask('POST', `${webhook}/test`)],
  attempt_not_answered: ['testWebhook', testWithSilentDispatcher],
  version_conflict: ['patchWebhook', () => api.ask('PATCH', webhook, { tags: ['a'] }, { 'if-match': '"9"' })],
  body_too_large: ['publishEvent', () => api.ask('POST', EVENTS, { type: 'a', data: 'x'.repeat(1_048_576) })],
  unsupported_media_type: [
    'publishEvent',
    () => api.ask('POST', EVENTS, 'type=a', { 'content-type': 'application/x-www-form-urlencoded' }),
  ],
  invalid_request: ['createWebhook', () => createWebhook(api, { nonsense: true })],
  reserved_event_type: [
    'publishEvent',
    () => api.ask('POST', EVENTS, { type: 'tidings.webhook.disabled', data: 1 }),
  ],
  unknown_event_type: ['publishEvent', () => api.ask('POST', EVENTS, { type: 'no.such', data: 1 }, STRICT)],
  invalid_data: ['publishEvent', () => api.ask('POST', EVENTS, { type: 'order.paid', data: {} }, STRICT)],
  ownership_not_proven: ['verifyWebhook', () => notProven()],
  webhook_limit_reached: ['createWebhook', () => createWebhook(api, {}, TINY)],
  idempotency_key_reused: ['publishEvent', reused],
  too_many_attempts: ['listWebhooks', tooManyGuesses],
  too_many_exports: ['exportEvents', tooManyExports],
  rate_limited: ['listWebhooks', tooManyRequests],
  internal: ['listEventTypes', broken],
  database_unavailable: ['listWebhooks', withoutDatabase],
  bus_unavailable: ['publishEvent', withoutNats],
};

describe('every documented problem is answered as the document says', () => {
  it.each(Object.entries(PROVOKED))('%s', async (code, [id, ask]) => {
    const found = contract.operation(id);
    const answer = await ask();
    expect(answer.json).toMatchObject({ code, status: PROBLEMS[code as ProblemCode].status });
    expect(contract.breaches(found, answer)).toEqual([]);
  });

  it('and no operation documents another', () => {
    const documented = new Set(contract.operations.flatMap(codesOf));
    expect([...documented].sort()).toEqual(Object.keys(PROVOKED).sort());
  });
});
