import { EgressClient } from '#egress';
import { startReceiver, waitFor, type Receiver } from '#testing';
import { readToken } from './ask-for-token.js';
import { TokenSource } from './token-source.js';

const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 4);
let endpoint: Receiver;
let now: number;
let works: boolean;

beforeAll(async () => {
  endpoint = await startReceiver(() => ({
    status: works ? 200 : 503,
    body: JSON.stringify({
      ...{ access_token: `t${endpoint.requests.length}`, token_type: 'Bearer', expires_in: 1_000 },
    }),
  }));
});
afterAll(async () => {
  await client.close();
  await endpoint.stop();
});
beforeEach(() => {
  [now, works, endpoint.requests.length] = [0, true, 0];
});

const source = () =>
  new TokenSource({ tokenUrl: `${endpoint.url}/`, id: 'a', secret: 'b', scope: '' }, 5_000, {
    now: () => now,
    random: () => 0,
  });

describe('a token of a source', () => {
  it('is replaced before its end, while it goes on being used', async () => {
    const tokens = source();
    await tokens.get(client, 5_000);
    now = 939_999;
    expect(tokens.get(client, 5_000)).toMatchObject({ token: 't1' });
    expect(endpoint.requests).toHaveLength(1);
    now = 940_000;
    expect(tokens.get(client, 5_000)).toMatchObject({ token: 't1' });
    await waitFor(() => expect(tokens.get(client, 5_000)).toMatchObject({ token: 't2' }));
    expect(endpoint.requests).toHaveLength(2);
  });

  it('is asked for again a second after a failure, then two, up to a minute', async () => {
    works = false;
    const tokens = source();
    for (const pause of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const { length } = endpoint.requests;
      await tokens.get(client, 5_000);
      expect(endpoint.requests).toHaveLength(length + 1);
      now += pause * 1_000 - 1;
      expect(tokens.get(client, 5_000)).toMatchObject({ failure: { kind: 'auth' } });
      expect(endpoint.requests).toHaveLength(length + 1);
      now += 1;
    }
  });

  it('that receivers go on refusing is not replaced each time', async () => {
    const tokens = source();
    await tokens.get(client, 5_000);
    expect(await tokens.renew(client, 't1', 5_000)).toMatchObject({ token: 't2' });
    tokens.heard(false);
    expect(tokens.renew(client, 't2', 5_000)).toBeUndefined();
    now = 1_000;
    expect(await tokens.renew(client, 't2', 5_000)).toMatchObject({ token: 't3' });
    tokens.heard(true);
    expect(await tokens.renew(client, 't3', 5_000)).toMatchObject({ token: 't4' });
  });
});

describe('the lifetime of a token', () => {
  it.each([
    [undefined, 300],
    [-1, 300],
    ['soon', 300],
    [0, 1],
    ['3600', 3_600],
    [1e9, 86_400],
  ])('of which the endpoint says %p is %i seconds', (expires_in, seconds) => {
    const body = JSON.stringify({ access_token: 'a', token_type: 'BEARER', expires_in });
    expect(readToken({ status: 200, headers: {}, body, truncated: false })).toEqual({
      issued: { token: 'a', lifetimeMs: seconds * 1_000 },
    });
  });
});
