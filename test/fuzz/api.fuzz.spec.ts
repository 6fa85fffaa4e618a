import fc from 'fast-check';
import { OPERATOR_KEY, startApi, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';
import {
  documentWithoutServers,
  operationsOf,
  type FoundOperation,
} from '../../apps/admin-api/testing/document-for-tests.js';
import { requestsTo, type Filling, type PlannedRequest } from './requests.js';
import { closeConnections, send, type Answer } from './send.js';
import { MARKER, plantTwoTenants, VICTIM, type TwoTenants } from './two-tenants.js';
import { WatchedStores, type StoreState } from './watched-stores.js';

const SEED = Number(process.env.FUZZ_SEED ?? 20261122);
const RUNS = Number(process.env.FUZZ_RUNS ?? 120);
const SECONDS_EACH = 15;
const MAX_BODY_BYTES = 1_048_576;

const operations = operationsOf(await documentWithoutServers()).filter(({ path }) =>
  path.startsWith('/api/v1/'),
);

let api: TestApi;
let tenants: TwoTenants;
let stores: WatchedStores;
let before: StoreState;
const asked = { all: 0, refused: 0 };

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`);
  api = await startApi();
  tenants = await plantTwoTenants(api);
  stores = await WatchedStores.open(api.postgres.url, api.nats.url, VICTIM);
  before = await stores.state();
}, 60_000);

afterAll(async () => {
  console.log(`${asked.all} requests, ${asked.refused} of them refused`);
  closeConnections();
  await stores.close();
  await api.stop();
});

/** Requests about tenants come from the operator, for nobody else may make them; all others from the intruder. */
function keyOf(who: PlannedRequest['who'], tag: string | undefined): string | undefined {
  if (who === 'stranger') return asked.all % 2 ? undefined : 'tdg_wrong';
  return tag === 'tenants' && who === 'admin' ? OPERATOR_KEY : tenants.intruderKeys[who];
}

function filled(filling: Filling, tag: string, isOperator: boolean): string {
  if ('text' in filling) return filling.text;
  const own = tenants.own[tag] ?? [];
  // The operator may do anything to the victim, and so must not be told of it.
  const [ids, at] =
    'own' in filling ? [own, filling.own] : [isOperator ? own : tenants.foreign, filling.foreign];
  return ids[at % ids.length] ?? 'nothing';
}

/** Percent-encoded, but for what begins with % and so breaks the path's encoding. */
function escaped(text: string): string {
  if (text.startsWith('%')) return text;
  return encodeURIComponent(text.toWellFormed()) || '%20';
}

async function ask(
  { method, path, operation }: FoundOperation,
  planned: PlannedRequest,
): Promise<Answer | undefined> {
  const tag = operation.tags?.[0] ?? '';
  const key = keyOf(planned.who, tag);
  const isOperator = key === OPERATOR_KEY;
  const fillings = [...planned.fillings];
  const target = path.replace(/\{\w+\}/g, () =>
    escaped(filled(fillings.shift() ?? { text: '' }, tag, isOperator)),
  );
  const query = planned.query.map(
    ([name, value]) => `${encodeURIComponent(name)}=${escaped(filled(value, tag, isOperator))}`,
  );
  const body = planned.body === undefined ? undefined : Buffer.from(planned.body, planned.encoding);
  try {
    return await send(api.url, {
      method: method.toUpperCase(),
      target: query.length === 0 ? target : `${target}?${query.join('&')}`,
      headers: { ...planned.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body,
    });
  } catch (error) {
    if (body && body.length > MAX_BODY_BYTES) return undefined;
    throw error;
  }
}

/** The codes that the document has for a status of an operation. */
function documentedCodes({ operation }: FoundOperation, status: number): string[] {
  const schema = operation.responses[String(status)]?.content?.['application/problem+json']?.schema as
    { allOf: { properties?: { code: { enum: string[] } } }[] } | undefined;
  return schema?.allOf[1]?.properties?.code.enum ?? [];
}

async function holds(found: FoundOperation, planned: PlannedRequest): Promise<void> {
  const answer = await ask(found, planned);
  asked.all += 1;
  if (!answer) return;
  expect(answer.status).toBeLessThan(500);
  const tag = found.operation.tags?.[0] ?? '';
  if (answer.status >= 400) {
    asked.refused += 1;
    expect(answer.contentType).toMatch(/^application\/problem\+json/);
    const { status, code } = JSON.parse(answer.text) as { status: number; code: string };
    expect(status).toBe(answer.status);
    expect(documentedCodes(found, status)).toContain(code);
  } else {
    expect(Object.keys(found.operation.responses)).toContain(String(answer.status));
  }
  if (keyOf(planned.who, tag) !== OPERATOR_KEY) expect(answer.text).not.toContain(MARKER);
  if (found.method !== 'get') {
    const after = await stores.state();
    expect(after.ofVictim).toBe(before.ofVictim);
    if (answer.status >= 400) expect(after.all).toBe(before.all);
    before = after;
  }
  if (answer.status === 201) {
    const { id, name } = JSON.parse(answer.text) as { id?: string; name?: string };
    (tenants.own[tag] ??= []).push(tag === 'event-types' ? (name ?? '') : (id ?? ''));
  }
}

/** Creations first, so that there is something to read, and deletions last. */
const ORDER = ['post', 'get', 'patch', 'put', 'delete'];
operations.sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));

describe('whatever is sent to an operation, it is refused in order or does what it says, for its tenant alone', () => {
  it.each(operations.map((found) => [found.operation.operationId, found] as const))(
    '%s',
    async (_id, found) => {
      before = await stores.state();
      await fc.assert(
        fc.asyncProperty(requestsTo(found), (planned) => holds(found, planned)),
        { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: SECONDS_EACH * 1_000 },
      );
    },
  );

  it('has asked thousands of times, and was not refused always', () => {
    expect(asked.all).toBeGreaterThan(operations.length * RUNS * 0.9);
    expect(asked.refused).toBeLessThan(asked.all * 0.8);
  });
});
