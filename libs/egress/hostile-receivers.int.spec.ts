import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { startReceiver, waitFor } from '#testing';
import { EgressClient } from './client.js';
import { listen, rawReceiver as receiver, type Hostile } from '../testing/hostile/raw-receiver.js';
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

  it('answers twice has its second answer taken for no other request', async () => {
    const twice = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n';
    const hostile = await receiver((socket) => socket.write(twice));
    for (let i = 0; i < 3; i++) expect(await send(hostile.url)).toMatchObject({ answer: { status: 200 } });
    expect(hostile.connections).toBe(3);
  });

  it.each<[string, string, string]>([
    ['a 100', 'HTTP/1.1 100 Continue\r\n\r\n', 'The answer begins with a 100 Continue'],
    ['a 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'The answer is a 101 Switching Protocols'],
    [
      'a flood of 103s',
      'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(300),
      'More than 256 informational answers',
    ],
  ])('answers with %s that nobody asked for is told so', async (_what, text, message) => {
    const hostile = await receiver((socket) => socket.write(text));
    expect(await send(hostile.url)).toMatchObject({
      failure: { kind: 'invalid_response', message: expect.stringContaining(message) as unknown },
    });
    await waitFor(() => expect(hostile.open.size).toBe(0), 2_000);
  });

  it('is not there cannot be connected to', async () => {
    const hostile = await receiver(() => undefined);
    await hostile.close();
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
