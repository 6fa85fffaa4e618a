import { newId } from '#domain';
import { startReceiver, waitFor, type Receiver } from '#testing';
import { startDispatcher } from '../start-dispatcher.js';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
let endpoint: Receiver;

beforeAll(async () => {
  [test, endpoint] = await Promise.all([startTestDispatcher(), startReceiver()]);
}, 30_000);
afterAll(() => Promise.all([test.stop(), endpoint.stop()]), 30_000);

function webhook() {
  const id = newId('wh');
  const place = { tenant: 'acme', webhook: id, purpose: 'auth.client_secret', version: 1 } as const;
  return test.webhook({
    id,
    url: `${test.receiver.url}/${id}`,
    auth: {
      type: 'oauth2',
      token_url: `${endpoint.url}/token`,
      client_id: 'c',
      client_secret: { secret: 1 },
      scope: '',
    },
    credentials: { 'auth.client_secret': test.keyring.seal('planted-secret', place) },
    secrets: [
      test.keyring.seal(`whsec_${'a'.repeat(32)}`, { tenant: 'acme', webhook: id, purpose: 'signing' }),
    ],
  });
}

describe('a webhook with an OAuth client', () => {
  it('gets its events with one token, a failure of the endpoint is tried again, and neither is in the journal', async () => {
    endpoint.answer((_request, count) =>
      count === 1
        ? { status: 500 }
        : { status: 200, body: '{"access_token":"planted-token","token_type":"Bearer","expires_in":600}' },
    );
    const to = await webhook();
    const path = new URL(to.url).pathname;
    for (let i = 0; i < 5; i++) await test.owe(to);
    await waitFor(() => expect(test.receiver.to(path)).toHaveLength(5));
    const authorizations = test.receiver.to(path).map(({ headers }) => headers.authorization);
    expect(new Set(authorizations)).toEqual(new Set(['Bearer planted-token']));
    const attempts = () => test.journal.of('attempt.finished').filter((fact) => fact.webhook === to.id);
    await waitFor(() => expect(attempts().filter(({ outcome }) => outcome === 'success')).toHaveLength(5));
    expect(attempts()[0]?.attempt.error).toEqual({
      kind: 'auth',
      message: 'The token endpoint answered 500.',
    });
    expect(JSON.stringify(attempts())).not.toMatch(/planted/);
    expect(attempts().at(-1)?.attempt.request.headers['Authorization']).toBe('Bearer ********');
    expect(endpoint.requests).toHaveLength(2);

    await test.app.stop();
    test.app = await startDispatcher(test.options);
    await test.owe(to);
    await waitFor(() => expect(test.receiver.to(path)).toHaveLength(6));
    // A token is in memory only: the next process asks for its own.
    expect(endpoint.requests).toHaveLength(3);
  }, 30_000);
});

describe('a receiver that repeats what it is sent', () => {
  it('brings no credentials into the record', async () => {
    const id = newId('wh');
    const sealed = (purpose: 'auth.token' | 'headers.x-secret', text: string) =>
      test.keyring.seal(text, { tenant: 'acme', webhook: id, purpose, version: 1 });
    test.receiver.answer(({ headers }) => ({ status: 200, body: JSON.stringify(headers) }));
    const to = await test.webhook({
      id,
      url: `${test.receiver.url}/${id}`,
      headers: { 'X-Secret': { secret: 1 } },
      auth: { type: 'bearer', token: { secret: 1 } },
      credentials: {
        'auth.token': sealed('auth.token', 'planted-token'),
        'headers.x-secret': sealed('headers.x-secret', 'planted "header"'),
      },
      secrets: [
        test.keyring.seal(`whsec_${'a'.repeat(32)}`, { tenant: 'acme', webhook: id, purpose: 'signing' }),
      ],
    });
    await test.owe(to);
    const attempts = () => test.journal.of('attempt.finished').filter((fact) => fact.webhook === id);
    await waitFor(() => expect(attempts()).toHaveLength(1));
    const [made] = attempts();
    expect(test.receiver.to(`/${id}`)[0]?.headers).toMatchObject({
      authorization: 'Bearer planted-token',
      'x-secret': 'planted "header"',
    });
    expect(JSON.parse(made?.attempt.response?.body ?? '')).toMatchObject({
      authorization: 'Bearer ********',
      'x-secret': '********',
    });
    expect(JSON.stringify(made)).not.toContain('planted');
  });
});
