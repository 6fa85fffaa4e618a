import { deliveryIdOf, type Fact } from '../../libs/domain/index.js';
import { openDatabase, Projection } from '../../libs/persistence/index.js';
import { member, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';
import type { Secret } from './verdict.js';

export const VICTIM = 'victim';
/** Both are intruders; the second one's events must be of its catalogue. */
const LENIENT = 'intruder';
const STRICT = 'strict-intruder';
/** Stands in all that the victim has, and in no request of the fuzz. */
export const MARKER = 'planted-4f1c9a';

type Keys = Record<'admin' | 'viewer' | 'publisher', string>;

export interface Intruder {
  keys: Keys;
  /** Ids of what it has, by the tag of the operations that deal with it; grows while the fuzz creates. */
  own: Record<string, string[]>;
}

/** What the fuzz knows of the tenants. */
export interface PlantedTenants {
  lenient: Intruder;
  strict: Intruder;
  victim: Secret;
  /** What of the victim an intruder may guess: its ids, and names that others may have too. */
  foreign: string[];
}

/** A tenant full of markers, and two others from which all requests come. */
export async function plantTenants(api: TestApi): Promise<PlantedTenants> {
  await made(api, 'tenants', { id: VICTIM, name: MARKER }, 'default');
  const webhook = await made(api, 'webhooks', webhookOf(MARKER), VICTIM);
  const second = await made(api, 'webhooks', webhookOf(`${MARKER} too`), VICTIM);
  const key = await made(api, 'keys', { name: MARKER, role: 'admin' }, VICTIM);
  await made(api, 'event-types', { name: 'planted.type', description: MARKER, example: MARKER }, VICTIM);
  const [event, delivery] = await record(api, VICTIM, webhook.id ?? '', MARKER);
  const page = await api.ask('GET', '/api/v1/webhooks?limit=1', undefined, { 'tidings-tenant': VICTIM });
  const job = await begun(api, VICTIM);
  const ids = [webhook.id, second.id, key.id, event, delivery, job].map(String);
  return {
    lenient: await plantIntruder(api, LENIENT, false),
    strict: await plantIntruder(api, STRICT, true),
    victim: { tenant: VICTIM, marker: MARKER, ids },
    foreign: [...ids, 'planted.type', VICTIM, member(page, 'next_cursor')],
  };
}

/** Whether strict or not, its catalogue has a type with a schema, one without, and one that is archived. */
async function plantIntruder(api: TestApi, tenant: string, strict: boolean): Promise<Intruder> {
  await made(api, 'tenants', { id: tenant, name: tenant, strict_event_types: strict }, 'default');
  for (const type of [
    { name: 'order.paid', schema: { type: 'object', required: ['total'] } },
    { name: 'task.completed' },
    { name: 'task_created', archived: true },
  ])
    await made(api, 'event-types', type, tenant);
  const webhook = await made(api, 'webhooks', webhookOf('mine'), tenant);
  const keys = {} as Keys;
  for (const role of ['admin', 'viewer', 'publisher'] as const)
    keys[role] = (await made(api, 'keys', { name: role, role }, tenant)).key ?? '';
  const [event, delivery] = await record(api, tenant, webhook.id ?? '', 'mine');
  const [, owed] = await record(api, tenant, webhook.id ?? '', 'mine', true);
  return {
    keys,
    own: {
      webhooks: [webhook.id ?? ''],
      events: [event],
      deliveries: [delivery, owed],
      jobs: [await begun(api, tenant)],
      'event-types': ['order.paid'],
    },
  };
}

function webhookOf(text: string) {
  return {
    name: text,
    description: text,
    tags: [text],
    metadata: { [text]: text },
    headers: { 'x-planted': text },
    filter: { 'data.planted': text },
    url: `https://example.com/${encodeURIComponent(text)}`,
    event_types: ['*'],
  };
}

let planted = 0;

async function made(api: TestApi, what: string, body: object, tenant: string) {
  // The intruder will guess the victim's Idempotency-Keys too: see the headers in requests.ts.
  const key: Record<string, string> = tenant === VICTIM ? { 'idempotency-key': `${what}-${++planted}` } : {};
  const answer = await api.ask('POST', `/api/v1/${what}`, body, { 'tidings-tenant': tenant, ...key });
  if (answer.status !== 201) throw new Error(`The fuzz could not plant ${what}: ${answer.text}`);
  return answer.json as { id?: string; key?: string };
}

/** A job that is soon done. */
async function begun(api: TestApi, tenant: string): Promise<string> {
  const answer = await api.ask('POST', '/api/v1/deliveries/bulk-retry', {}, { 'tidings-tenant': tenant });
  return member(answer, 'id');
}

/** An event with a delivery that has failed, or is owed. @returns their ids */
async function record(
  api: TestApi,
  tenant: string,
  webhook: string,
  text: string,
  isOwed = false,
): Promise<[string, string]> {
  const at = Date.now();
  const event = `evt-of-${tenant}${isOwed ? '-owed' : ''}`;
  const delivery = deliveryIdOf(event, webhook, at);
  const of = { tenant, delivery, event, event_type: 'planted.type', webhook, created_at: at };
  const facts: [Fact, Fact] = [
    {
      kind: 'event.accepted',
      tenant,
      id: event,
      type: of.event_type,
      timestamp: new Date(at).toISOString(),
      accepted_at: at,
      data: JSON.stringify({ planted: text }),
      metadata: JSON.stringify({ planted: text }),
      sequence: 1,
      match_count: 1,
      matches: [{ webhook, delivery }],
    },
    {
      kind: 'attempt.finished',
      ...of,
      attempt: {
        id: `att_${tenant}`,
        number: 1,
        trigger: 'auto',
        started_at: at,
        duration_ms: 1,
        request: { method: 'POST', url: `https://example.com/${text}`, headers: { x: text }, body: text },
        response: { status: 500, headers: { x: text }, body: text, truncated: false },
        error: { kind: 'http_status', message: text },
      },
      outcome: 'failed',
      next_attempt_at: null,
      reason: text,
    },
  ];
  const database = await openDatabase(api.postgres.url, { name: 'fuzz' });
  await new Projection(database).project(isOwed ? [facts[0]] : facts);
  await database.destroy();
  return [event, delivery];
}
