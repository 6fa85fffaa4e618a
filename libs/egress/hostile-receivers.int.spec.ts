import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { startReceiver, waitFor } from '#testing';
import { EgressClient } from './client.js';
import { OutboundRequest } from './undici-adapter.js';

const TIMEOUT_MS = 500;
const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 16);
const servers: Server[] = [];

// The first request loads and compiles what the others find ready.
beforeAll(async () => {
  const friendly = await startReceiver();
  await send(friendly.url, 5_000);
  await friendly.stop();
});

afterAll(async () => {
  await client.close();
  for (const server of servers) server.close();
});

const send = (url: string, timeoutMs = TIMEOUT_MS) =>
  client.send(
    new OutboundRequest('POST', url, { 'content-type': 'application/json' }, Buffer.from('{}'), timeoutMs),
  );

interface Hostile {
  url: string;
  /** Connections that are open now. */
  open: Set<Socket>;
  connections: number;
}

async function listen(server: Server, scheme = 'http'): Promise<Hostile> {
  const hostile: Hostile = { url: '', open: new Set(), connections: 0 };
  server.on('connection', (socket: Socket) => {
    hostile.connections += 1;
    hostile.open.add(socket);
    socket.on('error', () => undefined).on('close', () => hostile.open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  hostile.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return hostile;
}

/** A receiver that answers each request with what `answer` writes. */
const receiver = (answer: (socket: Socket) => unknown) =>
  listen(createServer((socket) => socket.once('data', () => void answer(socket))));

async function drip(socket: Socket, piece: string, everyMs: number): Promise<void> {
  while (socket.writable) {
    socket.write(piece);
    await sleep(everyMs);
  }
}

/** Writes without end, as fast as it is read. */
function flood(socket: Socket, head: string, piece: string): void {
  const more = () => {
    while (socket.writable && socket.write(piece));
  };
  socket.on('drain', more).write(head);
  more();
}

describe('a receiver that', () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ['never answers', () => undefined],
    [
      'answers 103 without end',
      (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 5),
    ],
    [
      'drips one header',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\na: ');
        return drip(socket, 'x', 20);
      },
    ],
    [
      'drips header after header',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        return drip(socket, 'a: b\r\n', 20);
      },
    ],
    [
      'drips its body',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n');
        return drip(socket, 'x', 20);
      },
    ],
    [
      'drips its chunks',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        return drip(socket, '1\r\nx\r\n', 20);
      },
    ],
    [
      'promises a body and sends none',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
    ],
  ])('%s times out at the deadline, and the connection is closed', async (_what, answer) => {
    const hostile = await receiver(answer);
    const began = Date.now();
    expect(await send(hostile.url)).toMatchObject({ failure: { kind: 'timeout' } });
    expect(Date.now() - began).toBeGreaterThanOrEqual(TIMEOUT_MS - 5);
    expect(Date.now() - began).toBeLessThan(TIMEOUT_MS + 100);
    await waitFor(() => expect(hostile.open.size).toBe(0), 2_000);
  });

  it.each<[string, string, string]>([
    ['by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n', 'x'.repeat(10_000)],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      `2710\r\n${'x'.repeat(10_000)}\r\n`,
    ],
    ['until it closes', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(10_000)],
  ])(
    'sends a body without end, %s, has its first 16 KiB kept and no more read',
    async (_how, head, piece) => {
      const hostile = await receiver((socket) => flood(socket, head, piece));
      const exchanged = await send(hostile.url, 5_000);
      expect(exchanged).toEqual({
        answer: expect.objectContaining({
          status: 200,
          body: 'x'.repeat(16_384),
          truncated: true,
        }) as unknown,
      });
      await waitFor(() => expect(hostile.open.size).toBe(0), 2_000);
    },
  );

  it('sends exactly 16 KiB has all of it kept', async () => {
    const hostile = await receiver((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 16384\r\n\r\n${'x'.repeat(16_384)}`),
    );
    expect(await send(hostile.url)).toMatchObject({ answer: { body: 'x'.repeat(16_384), truncated: false } });
  });

  it.each<[string, (socket: Socket) => unknown]>([
    ['one endless header', (socket) => flood(socket, 'HTTP/1.1 200 OK\r\na: ', 'x'.repeat(10_000))],
    ['headers without end', (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', 'a: b\r\n'.repeat(1_000))],
    ['a header of 20 KB', (socket) => socket.end(`HTTP/1.1 200 OK\r\na: ${'x'.repeat(20_000)}\r\n\r\n`)],
  ])('sends %s is cut off', async (_what, answer) => {
    const hostile = await receiver(answer);
    expect(await send(hostile.url, 5_000)).toMatchObject({ failure: { kind: 'response_too_large' } });
    await waitFor(() => expect(hostile.open.size).toBe(0), 2_000);
  });

  it.each<[string, string]>([
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a 100 that was not asked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['an impossible status', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a chunk of no size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    [
      'an unasked upgrade',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    ],
  ])('answers with %s has given no valid answer', async (_what, text) => {
    const hostile = await receiver((socket) => socket.end(text));
    expect(await send(hostile.url)).toMatchObject({ failure: { kind: 'invalid_response' } });
  });

  it.each<[string, Promise<Hostile>]>([
    ['at once', listen(createServer((socket) => void socket.resetAndDestroy()))],
    ['before it answers', receiver((socket) => socket.resetAndDestroy())],
    ['without an answer', receiver((socket) => socket.end())],
    [
      'within its headers',
      receiver((socket) => socket.write('HTTP/1.1 200 OK\r\na: ', () => socket.destroy())),
    ],
    [
      'within its body',
      receiver((socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxx', () => socket.destroy()),
      ),
    ],
    [
      'within its chunks',
      receiver((socket) =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n', () =>
          socket.destroy(),
        ),
      ),
    ],
  ])('breaks the connection off %s', async (_when, starting) => {
    expect(await send((await starting).url)).toMatchObject({ failure: { kind: 'reset' } });
  });

  it('is not there cannot be connected to', async () => {
    const hostile = await receiver(() => undefined);
    await new Promise((closed) => servers.pop()?.close(closed));
    expect(await send(hostile.url)).toMatchObject({ failure: { kind: 'connect' } });
  });

  it('sends a compressed bomb has it kept as it came', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const hostile = await receiver((socket) =>
      socket.end(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`),
          bomb,
        ]),
      ),
    );
    const exchanged = await send(hostile.url);
    expect(exchanged).toMatchObject({ answer: { status: 200, truncated: true } });
    if ('answer' in exchanged) expect(exchanged.answer.body.startsWith('\u001f\ufffd')).toBe(true);
  });

  it('shows an invalid certificate is not told anything', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync(
      'openssl',
      ['req', '-x509', ...new_key, '-keyout', key, '-out', cert, '-days', '1', ...subject],
      {
        stdio: 'ignore',
      },
    );
    const received: Buffer[] = [];
    const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) =>
      socket.on('error', () => undefined).on('data', (chunk: Buffer) => received.push(chunk)),
    );
    tls.on('tlsClientError', () => undefined);
    rmSync(folder, { recursive: true });
    const { url } = await listen(tls, 'https');
    expect(await send(url, 2_000)).toMatchObject({
      failure: { kind: 'tls', message: expect.stringContaining('SELF_SIGNED') as unknown },
    });
    expect(received).toEqual([]);
  });

  it('speaks plain HTTP where TLS is expected fails in the handshake', async () => {
    const hostile = await receiver((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await send(hostile.url.replace('http:', 'https:'), 2_000)).toMatchObject({
      failure: { kind: 'tls' },
    });
  });
});

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
    const private_ = await receiver(() => undefined);
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
    const slow = await receiver(() => undefined);
    const request = () => new OutboundRequest('POST', slow.url, {}, Buffer.from('{}'), TIMEOUT_MS);
    const began = Date.now();
    const all = await Promise.all([1, 2, 3].map(() => narrow.send(request())));
    for (const exchanged of all) expect(exchanged).toMatchObject({ failure: { kind: 'timeout' } });
    expect(Date.now() - began).toBeLessThan(TIMEOUT_MS + 100);
    await narrow.close();
  });
});
