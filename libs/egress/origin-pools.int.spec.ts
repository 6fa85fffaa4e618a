import { createServer as createHttpServer } from 'node:http';
import { waitFor } from '#testing';
import { EgressClient } from './client.js';
import type { PoolLimits } from './origin-pools.js';
import { listen, rawReceiver, type Hostile } from '../testing/hostile/raw-receiver.js';
import { stubbedResolver } from './testing/stubbed-resolver.js';
import { OutboundRequest } from './undici-adapter.js';

const POLICY = { allow: ['127.0.0.0/8'], http: true, ports: 'any' } as const;
const { resolve } = stubbedResolver((name) => (name.startsWith('blocked') ? ['10.0.0.1'] : ['127.0.0.1']));

const open: EgressClient[] = [];
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

function clientWith(limits: Partial<PoolLimits>, connectionsPerOrigin = 32): EgressClient {
  const client = new EgressClient({ ...POLICY, allow: [...POLICY.allow] }, connectionsPerOrigin, {
    limits,
    resolve,
  });
  open.push(client);
  return client;
}

const ask = (client: EgressClient, receiver: Hostile, name: string, timeoutMs = 10_000) => {
  const url = receiver.url.replace('127.0.0.1', `${name}.example`);
  return client.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), timeoutMs));
};

const keeping = () => listen(createHttpServer((_request, response) => response.end('ok')));

describe('connections that are kept', () => {
  it('are so many over all origins, and none when idle for long; nor are their origins', async () => {
    const receiver = await keeping();
    const client = clientWith({ sockets: 100, idleMs: 1_500 });
    for (let round = 0; round < 20; round++) {
      const all = Array.from({ length: 50 }, (_, i) => ask(client, receiver, `o${round * 50 + i}`));
      for (const exchanged of await Promise.all(all))
        expect(exchanged).toMatchObject({ answer: { body: 'ok' } });
      expect(client.kept.sockets).toBeLessThanOrEqual(100);
      expect(client.kept.origins).toBeLessThanOrEqual(100);
    }
    expect(receiver.connections).toBe(1_000);
    await waitFor(() => expect(receiver.open.size).toBeLessThanOrEqual(100), 2_000);
    await waitFor(() => expect(client.kept).toEqual({ origins: 0, sockets: 0 }), 10_000);
    await waitFor(() => expect(receiver.open.size).toBe(0), 2_000);
  });

  it('are those of the origins that were asked last', async () => {
    const receiver = await keeping();
    const client = clientWith({ sockets: 3 });
    for (const name of ['a', 'b', 'c', 'a', 'd', 'a']) await ask(client, receiver, name);
    expect(receiver.connections).toBe(4);
    await ask(client, receiver, 'b');
    expect(receiver.connections).toBe(5);
  });

  it('of one origin shrink to a few when they are not needed', async () => {
    const receiver = await keeping();
    const client = clientWith({ idlePerOrigin: 4, surplusIdleMs: 500, idleMs: 60_000 });
    await Promise.all(Array.from({ length: 20 }, () => ask(client, receiver, 'one')));
    expect(client.kept.sockets).toBeGreaterThan(4);
    await waitFor(() => expect(client.kept).toEqual({ origins: 1, sockets: 4 }), 10_000);
    await waitFor(() => expect(receiver.open.size).toBe(4), 2_000);
  });

  it('are not closed while they wait for an answer', async () => {
    const [receiver, slow] = [
      await keeping(),
      await rawReceiver((socket) => setTimeout(() => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), 500)),
    ];
    const client = clientWith({ sockets: 1 });
    const waiting = ask(client, slow, 'slow');
    await waitFor(() => expect(slow.open.size).toBe(1), 2_000);
    for (const name of ['a', 'b', 'c']) await ask(client, receiver, name);
    expect(await waiting).toMatchObject({ answer: { status: 204 } });
  });
});

describe('an origin', () => {
  it('that cannot be connected to is forgotten at once', async () => {
    const gone = await keeping();
    await gone.close();
    const client = clientWith({});
    expect(await ask(client, gone, 'gone')).toMatchObject({ failure: { kind: 'connect' } });
    expect(await ask(client, gone, 'blocked')).toMatchObject({ failure: { kind: 'blocked_address' } });
    expect(client.kept).toEqual({ origins: 0, sockets: 0 });
  });

  it('that never answers is forgotten after the deadline', async () => {
    const silent = await rawReceiver(() => undefined);
    const client = clientWith({});
    expect(await ask(client, silent, 'silent', 100)).toMatchObject({ failure: { kind: 'timeout' } });
    await waitFor(() => expect(client.kept).toEqual({ origins: 0, sockets: 0 }), 2_000);
  });

  it('that never finishes the handshake is forgotten after the deadline, and the next request does not wait for it', async () => {
    const silent = await rawReceiver(() => undefined);
    silent.url = silent.url.replace('http:', 'https:');
    const client = clientWith({}, 2);
    const expired = { failure: { kind: 'timeout' } };
    for (let round = 0; round < 3; round++) {
      const all = [1, 2, 3].map(() => ask(client, silent, 'silent', 200));
      for (const exchanged of await Promise.all(all)) expect(exchanged).toMatchObject(expired);
      expect(client.kept).toEqual({ origins: 0, sockets: 0 });
    }
    // Two at once each time: none was made for a request that nobody waits for.
    expect(silent.connections).toBe(6);
  });
});
