import { deliveryIdOf, type Fact } from '../../libs/domain/index.js';
import { openDatabase, Projection } from '../../libs/persistence/index.js';
import { member, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';

export const VICTIM = 'victim';
export const INTRUDER = 'intruder';
/** Stands in all that the victim has, and in no request of the fuzz. */
export const MARKER = 'planted-4f1c9a';

type Keys = Record<'admin' | 'viewer' | 'publisher', string>;

/** What the fuzz knows of the two tenants, by the tag of the operations that deal with it. */
export interface TwoTenants {
  intruderKeys: Keys;
  /** Ids of what is the victim's. */
  foreign: string[];
  /** Ids of what is the intruder's; grows while the fuzz creates. */
  own: Record<string, string[]>;
}

/** A tenant full of markers, and another one from which all requests come. */
export async function plantTwoTenants(api: TestApi): Promise<TwoTenants> {
  for (const id of [VICTIM, INTRUDER])
    await made(api, 'tenants', { id, name: id === VICTIM ? MARKER : id }, 'default');
  const webhook = await made(api, 'webhooks', webhookOf(MARKER), VICTIM);
  const second = await made(api, 'webhooks', webhookOf(`${MARKER} too`), VICTIM);
  const key = await made(api, 'keys', { name: MARKER, role: 'admin' }, VICTIM);
  await made(api, 'event-types', { name: 'planted.type', description: MARKER, example: MARKER }, VICTIM);
  const mine = await made(api, 'webhooks', webhookOf('mine'), INTRUDER);
  const keys = {} as Keys;
  for (const role of ['admin', 'viewer', 'publisher'] as const)
    keys[role] = (await made(api, 'keys', { name: role, role }, INTRUDER)).key ?? '';
  const [event, delivery] = await record(api, VICTIM, webhook.id ?? '', MARKER);
  const [ownEvent, ownDelivery] = await record(api, INTRUDER, mine.id ?? '', 'mine');
  const page = await api.ask('GET', '/api/v1/webhooks?limit=1', undefined, { 'tidings-tenant': VICTIM });
  const ids = [webhook.id, second.id, key.id, event, delivery].map(String);
  return {
    intruderKeys: keys,
    foreign: [...ids, 'planted.type', VICTIM, member(page, 'next_cursor')],
    own: { webhooks: [mine.id ?? ''], events: [ownEvent], deliveries: [ownDelivery] },
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

async function record(
  api: TestApi,
  tenant: string,
  webhook: string,
  text: string,
): Promise<[string, string]> {
  const at = Date.now();
  const event = `evt-of-${tenant}`;
  const delivery = deliveryIdOf(event, webhook, at);
  const of = { tenant, delivery, event, event_type: 'planted.type', webhook, created_at: at };
  const facts: Fact[] = [
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
  await new Projection(database).project(facts);
  await database.destroy();
  return [event, delivery];
}
