import fc from 'fast-check';
import { OPERATOR_KEY, startApi, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';
import {
  documentWithoutServers,
  operationsOf,
  type FoundOperation,
} from '../../apps/admin-api/testing/document-for-tests.js';
import { StandInDispatcher } from './stand-in-dispatcher.js';
import { plantTenants, VICTIM, type Intruder, type PlantedTenants } from './planted-tenants.js';
import { requestsTo, type Filling, type PlannedRequest } from './requests.js';
import { closeConnections, send, type Answer, type SentRequest } from './send.js';
import { withIds } from './values-of-schema.js';
import { faultsOfAnswer, leaksIn, writesOf } from './verdict.js';
import { WatchedStores, type StoreState } from './watched-stores.js';

const SEED = Number(process.env.FUZZ_SEED ?? 20261122);
const RUNS = Number(process.env.FUZZ_RUNS ?? 120);
const SECONDS_EACH = 15;
const MAX_BODY_BYTES = 1_048_576;

const operations = operationsOf(await documentWithoutServers()).filter(({ path }) =>
  path.startsWith('/api/v1/'),
);

let api: TestApi;
let tenants: PlantedTenants;
let stores: WatchedStores;
let dispatcher: StandInDispatcher;
let before: StoreState;
const asked = { all: 0, refused: 0 };
/** Statuses and codes of what the strict tenant was answered. */
const toldTheStrict = new Set<string>();

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`);
  api = await startApi();
  dispatcher = await StandInDispatcher.start(api.nats.url);
  tenants = await plantTenants(api);
  stores = await WatchedStores.open(api.postgres.url, api.nats.url, VICTIM);
  before = await stores.state();
}, 60_000);

afterAll(async () => {
  console.log(`${asked.all} requests, ${asked.refused} of them refused`);
  closeConnections();
  await stores.close();
  await dispatcher.stop();
  await api.stop();
});

/** Requests about tenants come from the operator, for nobody else may make them; all others from an intruder. */
function keyOf({ who }: PlannedRequest, tag: string, { keys }: Intruder): string | undefined {
  if (who === 'stranger') return asked.all % 2 ? undefined : 'tdg_wrong';
  return tag === 'tenants' && who === 'admin' ? OPERATOR_KEY : keys[who];
}

/** Percent-encoded, but for what begins with % and so breaks the path's encoding. */
function escaped(text: string): string {
  if (text.startsWith('%')) return text;
  return encodeURIComponent(text.toWellFormed()) || '%20';
}

function requestOf(
  { method, path, operation }: FoundOperation,
  planned: PlannedRequest,
  key: string | undefined,
  { own }: Intruder,
): SentRequest {
  const tag = operation.tags?.[0] ?? '';
  // The operator may do anything to the victim, and so must not be told of it.
  const foreign = key === OPERATOR_KEY ? (own[tag] ?? []) : tenants.foreign;
  const at = (ids: string[] = [], index: number) => ids[index % ids.length] ?? 'nothing';
  const idOf = (whose: 'own' | 'foreign', index: number) =>
    at(whose === 'own' ? own.webhooks : foreign, index);
  const filled = (filling: Filling) => {
    if ('text' in filling) return withIds(filling.text, idOf);
    return 'own' in filling ? at(own[tag], filling.own) : at(foreign, filling.foreign);
  };
  const fillings = [...planned.fillings];
  const target = path.replace(/\{\w+\}/g, () => escaped(filled(fillings.shift() ?? { text: '' })));
  const query = planned.query.map(([name, value]) => `${encodeURIComponent(name)}=${escaped(filled(value))}`);
  return {
    method: method.toUpperCase(),
    target: query.length === 0 ? target : `${target}?${query.join('&')}`,
    headers: { ...planned.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: planned.body === undefined ? undefined : Buffer.from(withIds(planned.body, idOf), planned.encoding),
  };
}

async function holds(found: FoundOperation, planned: PlannedRequest): Promise<void> {
  const tag = found.operation.tags?.[0] ?? '';
  const intruder = planned.strict ? tenants.strict : tenants.lenient;
  const key = keyOf(planned, tag, intruder);
  const request = requestOf(found, planned, key, intruder);
  asked.all += 1;
  let answer: Answer;
  try {
    answer = await send(api.url, request);
  } catch (error) {
    if (request.body && request.body.length > MAX_BODY_BYTES) return;
    throw error;
  }
  const faults = faultsOfAnswer(found, answer);
  if (key !== OPERATOR_KEY) faults.push(...leaksIn(answer, request, tenants.victim));
  if (found.method !== 'get') {
    const after = await stores.state();
    faults.push(...writesOf(request, answer, before, after, tenants.victim));
    before = after;
  }
  expect(faults).toEqual([]);
  if (answer.status >= 400) asked.refused += 1;
  if (planned.strict) toldTheStrict.add(answer.text.match(/"code":"(\w+)"/)?.[1] ?? `${answer.status}`);
  if (answer.status === 201) {
    const { id, name } = JSON.parse(answer.text) as { id?: string; name?: string };
    (intruder.own[tag] ??= []).push((tag === 'event-types' ? name : id) ?? '');
  }
  const job = answer.status === 202 && /"id":"(job_\w+)"/.exec(answer.text)?.[1];
  if (job) intruder.own.jobs?.push(job);
}

/** Creations first, so that there is something to read, and deletions last. */
const ORDER = ['post', 'get', 'patch', 'put', 'delete'];
const turnOf = ({ method, path }: FoundOperation) =>
  ORDER.indexOf(path.endsWith('/bulk-delete') ? 'delete' : method);
operations.sort((a, b) => turnOf(a) - turnOf(b));

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

  it('has published to a strict tenant what its catalogue takes, and what it refuses', () => {
    expect([...toldTheStrict]).toEqual(expect.arrayContaining(['202', 'unknown_event_type', 'invalid_data']));
  });
});
