import { createServer as createHttpServer } from 'node:http';
import { startReceiver } from '#testing';
import { EgressClient } from './client.js';
import { listen, rawReceiver } from '../testing/hostile/raw-receiver.js';
import { OutboundRequest } from './undici-adapter.js';

const TIMEOUT_MS = 500;
const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 16);
const send = (url: string, timeoutMs = TIMEOUT_MS) =>
  client.send(
    new OutboundRequest('POST', url, { 'content-type': 'application/json' }, Buffer.from('{}'), timeoutMs),
  );

// The first request loads and compiles what the others find ready.
beforeAll(async () => {
  const friendly = await startReceiver();
  await send(friendly.url, 5_000);
  await friendly.stop();
});

afterAll(() => client.close());

describe('an answer', () => {
  it('of no content is an answer without a body', async () => {
    const friendly = await startReceiver({ status: 204, headers: { 'x-a': 'b' } });
    const exchanged = await send(friendly.url);
    expect(exchanged).toMatchObject({
      answer: { status: 204, body: '', truncated: false, headers: { 'x-a': 'b' } },
    });
    await friendly.stop();
  });

  it('that redirects is kept, and never followed', async () => {
    const target = await startReceiver();
    const redirecting = await startReceiver({ status: 307, headers: { location: target.url } });
    expect(await send(redirecting.url)).toMatchObject({ answer: { status: 307 } });
    expect(target.requests).toEqual([]);
    await Promise.all([target.stop(), redirecting.stop()]);
  });

  it('comes past any proxy that the environment names', async () => {
    const [friendly, proxy] = [await startReceiver(), await startReceiver()];
    const before = { ...process.env };
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
      process.env[name] = proxy.url;
    process.env.NODE_USE_ENV_PROXY = '1';
    const fresh = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 1);
    const request = new OutboundRequest('POST', `${friendly.url}/a`, {}, Buffer.from('{}'), 2_000);
    expect(await fresh.send(request)).toMatchObject({ answer: { status: 204 } });
    process.env = before;
    expect([friendly.requests.length, proxy.requests.length]).toEqual([1, 0]);
    await Promise.all([fresh.close(), friendly.stop(), proxy.stop()]);
  });

  it('leaves the connection for the next request', async () => {
    const keeping = await listen(createHttpServer((_request, response) => response.end('ok')));
    for (let i = 0; i < 20; i++) expect(await send(keeping.url)).toMatchObject({ answer: { body: 'ok' } });
    // A second one where the first was not yet seen to be free.
    expect(keeping.connections).toBeLessThanOrEqual(2);
  });

  it('is shown with U+FFFD for what no text can hold', async () => {
    const odd = await startReceiver({ status: 200, body: Buffer.from([0x61, 0x00, 0xff]) });
    expect(await send(odd.url)).toMatchObject({ answer: { body: 'a\ufffd\ufffd' } });
    await odd.stop();
  });
});

describe('a request', () => {
  it('arrives with the bytes, the path and the headers that it was given, and no others of note', async () => {
    const friendly = await startReceiver();
    const body = Buffer.from([0, 1, 2, 255]);
    const headers = { 'webhook-id': 'evt_1', 'Accept-Encoding': 'identity' };
    await client.send(new OutboundRequest('POST', `${friendly.url}/a%20b?c=%C3%BC`, headers, body, 2_000));
    const [request] = friendly.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/a%20b?c=%C3%BC', body });
    expect(Object.keys(request!.headers).sort()).toEqual([
      'accept-encoding',
      'connection',
      'content-length',
      'host',
      'webhook-id',
    ]);
    await friendly.stop();
  });

  it('to what may not be reached makes no connection', async () => {
    const closed = new EgressClient({ allow: [], http: true, ports: 'any' }, 1);
    const private_ = await rawReceiver(() => undefined);
    const request = new OutboundRequest('POST', private_.url, {}, Buffer.alloc(0), 2_000);
    expect(await closed.send(request)).toMatchObject({ failure: { kind: 'blocked_address' } });
    const byName = new EgressClient({ allow: ['127.0.0.2'], http: true, ports: 'any' }, 1);
    const named = new OutboundRequest(
      'POST',
      private_.url.replace('127.0.0.1', 'localhost'),
      {},
      Buffer.alloc(0),
      2_000,
    );
    expect(await byName.send(named)).toMatchObject({ failure: { kind: 'blocked_address' } });
    expect(private_.connections).toBe(0);
    await Promise.all([closed.close(), byName.close()]);
  });

  it('that waits for a connection spends its own deadline, and no more', async () => {
    const narrow = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 1);
    const slow = await rawReceiver(() => undefined);
    const request = () => new OutboundRequest('POST', slow.url, {}, Buffer.from('{}'), TIMEOUT_MS);
    const began = Date.now();
    const all = await Promise.all([1, 2, 3].map(() => narrow.send(request())));
    for (const exchanged of all) expect(exchanged).toMatchObject({ failure: { kind: 'timeout' } });
    expect(Date.now() - began).toBeLessThan(TIMEOUT_MS + 100);
    await narrow.close();
  });
});
