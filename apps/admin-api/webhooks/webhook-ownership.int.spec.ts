import { Bus, type OwnershipAnswer, type OwnershipQuestion } from '#bus';
import { newId } from '#domain';
import { TOPOLOGY } from '#testing';
import { member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';

const ASKING = { 'tidings-tenant': 'acme' };
const WEBHOOKS = '/api/v1/webhooks';
const SILENT: OwnershipAnswer = { refused: 'no_answer', detail: 'The receiver gave no answer.' };

let api: TestApi;
let dispatcher: Bus;
/** What the receiver says, as a dispatcher tells it. */
let says: (question: OwnershipQuestion) => Promise<OwnershipAnswer>;
const asked: OwnershipQuestion[] = [];
beforeAll(async () => {
  api = await startApi();
  dispatcher = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  dispatcher.ownershipChecks.serve((question) => {
    asked.push(question);
    return says(question);
  });
  await api.ask('PATCH', '/api/v1/tenants/acme', { ownership_check: 'handshake' });
}, 60_000);
afterAll(async () => {
  await dispatcher.close();
  await api.stop();
});
beforeEach(() => {
  says = agrees(null);
});

/** The receiver at the URL that the data plane knows agrees. */
function agrees(allowed_per_minute: number | null) {
  return async ({ tenant, webhook }: OwnershipQuestion): Promise<OwnershipAnswer> => {
    const url = (await dispatcher.webhooks.get(tenant, webhook))?.url ?? '';
    return { agreed: { check: 'handshake', url, origin: 'tidings', allowed_per_minute } };
  };
}
const create = (change: object = {}, headers: Record<string, string> = ASKING) =>
  api.ask(
    'POST',
    WEBHOOKS,
    { name: newId('wh'), url: 'http://127.0.0.1:1/', event_types: ['*'], ...change },
    headers,
  );
const at = (answer: TestAnswer) => `${WEBHOOKS}/${member(answer, 'id')}`;
const ownershipOf = (answer: TestAnswer) =>
  (answer.json as { ownership: Record<string, unknown> | null }).ownership;

describe('a webhook of a tenant that wants receivers to agree', () => {
  it('is proven in the answer to its creation, and the data plane knows to what the receiver agreed', async () => {
    says = agrees(60);
    const answer = await create();
    expect(answer.status).toBe(201);
    expect(ownershipOf(answer)).toMatchObject({ state: 'proven', origin: 'tidings', allowed_per_minute: 60 });
    expect((await api.ask('GET', at(answer), undefined, ASKING)).json).toMatchObject({
      ownership: ownershipOf(answer),
    });
    expect(await dispatcher.webhooks.get('acme', member(answer, 'id'))).toMatchObject({
      ownership: { check: 'handshake', origin: 'tidings', allowed_per_minute: 60 },
    });
    const history = await api.ask('GET', `${at(answer)}/history`, undefined, ASKING);
    expect(history.json).toMatchObject({
      data: [
        { type: 'webhook.ownership_proven', actor: 'operator', data: { url: 'http://127.0.0.1:1/' } },
        { type: 'webhook.ownership_asked', data: { check: 'handshake' } },
        { type: 'webhook.created' },
      ],
    });
  });

  it('is saved although its receiver does not answer; verifying asks it again', async () => {
    says = () => Promise.resolve(SILENT);
    const answer = await create();
    expect([answer.status, ownershipOf(answer)?.['state']]).toEqual([201, 'pending']);
    const refused = await api.ask('POST', `${at(answer)}/verify`, undefined, ASKING);
    expect([refused.status, refused.json]).toMatchObject([
      422,
      { code: 'ownership_not_proven', detail: 'The receiver gave no answer.' },
    ]);
    const tested = await api.ask('POST', `${at(answer)}/test`, {}, ASKING);
    expect([tested.status, tested.json]).toMatchObject([422, { code: 'ownership_not_proven' }]);
    says = agrees(null);
    const proven = await api.ask('POST', `${at(answer)}/verify`, undefined, ASKING);
    expect([proven.status, ownershipOf(proven)?.['state']]).toEqual([200, 'proven']);
  });

  it('keeps its proof until its URL is another', async () => {
    const answer = await create();
    says = () => Promise.resolve(SILENT);
    const before = asked.length;
    const renamed = await api.ask('PATCH', at(answer), { name: newId('wh') }, ASKING);
    expect([ownershipOf(renamed)?.['state'], asked.length]).toEqual(['proven', before]);
    const moved = await api.ask('PATCH', at(answer), { url: 'http://127.0.0.1:2/' }, ASKING);
    expect([moved.status, ownershipOf(moved)?.['state']]).toEqual([200, 'pending']);
  });

  it('is not proven by what a receiver said at the URL before', async () => {
    says = () => Promise.resolve(SILENT);
    const answer = await create();
    const agreed = { check: 'handshake', url: 'http://127.0.0.1:9/', origin: 'tidings' } as const;
    says = () => Promise.resolve({ agreed: { ...agreed, allowed_per_minute: null } });
    const verified = await api.ask('POST', `${at(answer)}/verify`, undefined, ASKING);
    expect([verified.status, ownershipOf(verified)?.['state']]).toEqual([200, 'pending']);
  });

  it('is as it was when the API dies between the check and keeping it', async () => {
    says = () => Promise.resolve(SILENT);
    const answer = await create();
    let told = () => undefined as void;
    const reached = new Promise<void>((resolve) => (told = resolve));
    let goOn = () => undefined as void;
    const wait = new Promise<void>((resolve) => (goOn = resolve));
    says = async (question) => {
      told();
      await wait;
      return agrees(null)(question);
    };
    const lost = api.ask('POST', `${at(answer)}/verify`, undefined, ASKING).catch(() => undefined);
    await reached;
    const locked = api.postgres.halt();
    goOn();
    await Promise.all([locked, lost]);
    await api.postgres.restart();
    await api.halt();
    await api.resume();
    const read = await api.ask('GET', at(answer), undefined, ASKING);
    expect(ownershipOf(read)?.['state']).toBe('pending');
    says = agrees(null);
    const verified = await api.ask('POST', `${at(answer)}/verify`, undefined, ASKING);
    expect(ownershipOf(verified)?.['state']).toBe('proven');
  }, 60_000);
});

describe('a tenant that does not want it', () => {
  it('has no receiver asked, and what was saved before the wish is as it was', async () => {
    const headers = { 'tidings-tenant': 'globex' };
    const answer = await create({}, headers);
    expect(ownershipOf(answer)).toBeNull();
    await api.ask('PATCH', '/api/v1/tenants/globex', { ownership_check: 'challenge' });
    const verified = await api.ask('POST', `${at(answer)}/verify`, undefined, headers);
    expect([verified.status, ownershipOf(verified)]).toEqual([200, null]);
  });

  it('is refused a check that there is not', async () => {
    const { status } = await api.ask('PATCH', '/api/v1/tenants/globex', { ownership_check: 'promise' });
    expect(status).toBe(422);
  });
});
