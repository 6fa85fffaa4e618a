import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { certify, startReceiver, waitFor } from '#testing';
import { EgressClient } from './client.js';
import { listen } from '../testing/hostile/raw-receiver.js';
import { stubbedResolver } from './testing/stubbed-resolver.js';
import { OutboundRequest } from './undici-adapter.js';

const allow = ['127.0.0.0/8'];
const { asked, resolve } = stubbedResolver((name) =>
  name.startsWith('inner')
    ? ['10.0.0.1']
    : name.startsWith('two')
      ? ['127.0.0.9', '127.0.0.1']
      : ['127.0.0.1'],
);

/** An HTTP proxy that connects to what it is asked for, unless it refuses. */
async function startProxy(refuse: (request: IncomingMessage) => number | undefined = () => undefined) {
  const requests: IncomingMessage[] = [];
  const server = createServer((_request, response) => response.writeHead(500).end());
  server.on('connect', (request, socket: Socket) => {
    requests.push(request);
    socket.on('error', () => undefined);
    const status = refuse(request);
    if (status !== undefined) return socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const target = new URL(`http://${request.url}`);
    const onward = connect(Number(target.port), target.hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    return undefined;
  });
  const listening = await listen(server);
  return { ...listening, requests, port: (server.address() as AddressInfo).port };
}

function clientThrough(proxy: string): EgressClient {
  const client = new EgressClient({ allow, http: true, ports: 'any', proxy }, 4, { resolve });
  open.push(client);
  return client;
}
const open: EgressClient[] = [];
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

const request = (url: string) => new OutboundRequest('POST', url, {}, Buffer.from('{}'), 5_000);

describe('through a proxy', () => {
  it('requests go by tunnels to addresses that were looked up and checked, names to the receiver only', async () => {
    const [proxy, receiver] = [await startProxy(), await startReceiver()];
    const client = clientThrough(proxy.url);
    asked.length = 0;
    const url = `http://receiver.example:${receiver.port}/a`;
    for (let i = 0; i < 3; i++)
      expect(await client.send(request(url))).toMatchObject({ answer: { status: 204 } });
    const connections = proxy.requests.length;
    expect(connections).toBeLessThanOrEqual(2);
    expect(asked).toEqual(Array(connections).fill('receiver.example'));
    for (const { url, headers } of proxy.requests) {
      expect([url, headers.host]).toEqual([`127.0.0.1:${receiver.port}`, `127.0.0.1:${receiver.port}`]);
      expect(headers['proxy-authorization']).toBeUndefined();
    }
    expect(receiver.requests[0]?.headers.host).toBe(`receiver.example:${receiver.port}`);
    expect(receiver.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    await receiver.stop();
  });

  it('TLS is spoken with the receiver: its certificate is checked against the name', async () => {
    const authority = certify({ name: 'authority' });
    const server = certify({ name: 'server', by: authority, hosts: ['receiver.example'] });
    const names: string[] = [];
    const receiver = await listen(
      createTlsServer(
        {
          cert: server.certificate,
          key: server.privateKey,
          SNICallback: (name, done) => {
            names.push(name);
            done(null);
          },
        },
        (socket) => socket.on('error', () => undefined).end('HTTP/1.1 204 No Content\r\n\r\n'),
      ),
      'https',
    );
    const client = clientThrough((await startProxy()).url);
    const identity = { id: 'a', ...certify({ name: 'a' }), ca: authority.certificate };
    const send = (host: string) => {
      const url = receiver.url.replace('127.0.0.1', host);
      return client.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), 5_000, identity));
    };
    expect(await send('receiver.example')).toMatchObject({ answer: { status: 204 } });
    expect(await send('other.example')).toMatchObject({ failure: { kind: 'tls' } });
    expect(names).toEqual(['receiver.example', 'other.example']);
  });

  it('its user and password are given to it', async () => {
    const [proxy, receiver] = [await startProxy(), await startReceiver()];
    const client = clientThrough(`http://us%40er:pa%3Ass@127.0.0.1:${proxy.port}`);
    await client.send(request(receiver.url));
    expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(
      `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`,
    );
    await receiver.stop();
  });

  it('what may not be reached is not even asked for', async () => {
    const proxy = await startProxy();
    const client = clientThrough(proxy.url);
    for (const url of [
      'http://inner.example/',
      'http://10.0.0.1/',
      'http://[::1]/',
      'http://169.254.169.254/',
    ])
      expect(await client.send(request(url))).toMatchObject({ failure: { kind: 'blocked_address' } });
    expect(proxy.requests).toEqual([]);
  });

  it('a name of several addresses is reached by the one to which the proxy connects', async () => {
    const receiver = await startReceiver();
    const proxy = await startProxy(({ url }) => (url?.startsWith('127.0.0.9') ? 502 : undefined));
    const client = clientThrough(proxy.url);
    expect(await client.send(request(`http://two.example:${receiver.port}/`))).toMatchObject({
      answer: { status: 204 },
    });
    expect(proxy.requests.map(({ url }) => url)).toEqual([
      `127.0.0.9:${receiver.port}`,
      `127.0.0.1:${receiver.port}`,
    ]);
    await receiver.stop();
  });
});

describe('a proxy that', () => {
  it.each([403, 407, 502])('answers %d: no connection, and no more is told', async (status) => {
    const proxy = await startProxy(() => status);
    expect(await clientThrough(proxy.url).send(request('https://receiver.example/'))).toEqual({
      failure: { kind: 'connect', message: 'The outbound proxy did not make the connection.' },
    });
    await waitFor(() => expect(proxy.open.size).toBe(0), 2_000);
  });

  it('is away, or is none: no connection', async () => {
    const gone = await startProxy();
    await gone.close();
    const none = await listen(createTlsServer((socket) => socket.end('SSH-2.0\r\n')));
    for (const { url } of [gone, none])
      expect(await clientThrough(url).send(request('http://receiver.example/'))).toEqual({
        failure: { kind: 'connect', message: 'The outbound proxy cannot be reached.' },
      });
  });

  it('never answers: the deadline holds', async () => {
    const silent = await listen(createServer().on('connect', () => undefined));
    const late = new OutboundRequest('POST', 'http://receiver.example/', {}, Buffer.alloc(0), 300);
    expect(await clientThrough(silent.url).send(late)).toMatchObject({ failure: { kind: 'timeout' } });
    for (const socket of silent.open) socket.destroy();
  });

  it('is not one is refused at the start, unquoted', () => {
    for (const text of ['socks5://user:secret@127.0.0.1:1080', 'user:secret@127.0.0.1']) {
      expect(() => clientThrough(text)).toThrow('http://[user:password@]host:port');
      expect(() => clientThrough(text)).not.toThrow('secret');
    }
  });
});
