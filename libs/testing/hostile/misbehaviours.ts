import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { certify, type Certified } from '../certificates.js';
import { listen, rawReceiver, type Hostile } from './raw-receiver.js';

/** What becomes of a request: the kind of its failure, or the status of its answer. */
export type End =
  'timeout' | 'connect' | 'reset' | 'tls' | 'invalid_response' | 'response_too_large' | number;

export interface Misbehaviour {
  name: string;
  end: End;
  start: () => Promise<Hostile>;
  /** The connection outlasts the request until connecting times out, after 10 s. */
  lingers?: boolean;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
/** Receivers of specs answer one request of each connection. */
const CLOSING = 'Connection: close\r\n';
const authority = certify({ name: 'authority' });
const BOMB = Buffer.alloc(20_000_000);

const answering = (name: string, end: End, answer: (socket: Socket) => unknown): Misbehaviour => ({
  name,
  end,
  start: () => rawReceiver(answer),
});

const writing = (name: string, end: End, text: string | Buffer): Misbehaviour =>
  answering(name, end, (socket) => socket.write(text));

/** Closes, or resets, once this much is written. */
const breaking = (name: string, text: string): Misbehaviour[] => [
  answering(`closes ${name}`, 'reset', (socket) => socket.end(text)),
  answering(`resets ${name}`, 'reset', (socket) => socket.write(text, () => socket.resetAndDestroy())),
];

const certified = (name: string, shown: Certified): Misbehaviour => ({
  name,
  end: 'tls',
  start: () => {
    const tls = createTlsServer({ cert: shown.certificate, key: shown.privateKey }, (socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'),
    );
    tls.on('tlsClientError', () => undefined);
    return listen(tls, 'https');
  },
});

const overTls = (name: string, end: End, handle: (socket: Socket) => unknown): Misbehaviour => ({
  name,
  end,
  start: async () => {
    const hostile = await rawReceiver(handle);
    hostile.url = hostile.url.replace('http:', 'https:');
    return hostile;
  },
});

const compressed = (encoding: string, bomb: Buffer): Misbehaviour =>
  writing(
    `sends a bomb in ${encoding}`,
    200,
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\n${CLOSING}Content-Encoding: ${encoding}\r\nContent-Length: ${bomb.length}\r\n\r\n`,
      ),
      bomb,
    ]),
  );

async function drip(socket: Socket, head: string, piece: string): Promise<void> {
  socket.write(head);
  while (socket.writable) {
    socket.write(piece);
    await sleep(20);
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

const dripping = (name: string, head: string, piece: string): Misbehaviour =>
  answering(`drips ${name}`, 'timeout', (socket) => drip(socket, head, piece));

const flooding = (name: string, end: End, head: string, piece: string): Misbehaviour =>
  answering(`sends ${name} without end`, end, (socket) => flood(socket, head, piece));

/** Each way in which a receiver of specs misbehaves, and what a request to it is to end with. */
export const MISBEHAVIOURS: Misbehaviour[] = [
  answering('never answers', 'timeout', () => undefined),
  dripping('its status line', 'HTTP/1.1 200 ', 'x'),
  dripping('one header', 'HTTP/1.1 200 OK\r\na: ', 'x'),
  dripping('header after header', 'HTTP/1.1 200 OK\r\n', 'a: b\r\n'),
  dripping('its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n', 'x'),
  dripping('its chunks', CHUNKED, '1\r\nx\r\n'),
  dripping('chunk extensions', `${CHUNKED}1;`, 'x'),
  dripping('trailers', `${CHUNKED}0\r\n`, 'a: b\r\n'),
  dripping('103s', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  dripping('102s', '', 'HTTP/1.1 102 Processing\r\n\r\n'),
  writing('promises more than it sends', 'timeout', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nxx'),
  flooding('103s', 'invalid_response', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20)),
  flooding('102s', 'invalid_response', '', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50)),
  { ...overTls('never answers the handshake', 'timeout', () => undefined), lingers: true },

  flooding('one header', 'response_too_large', 'HTTP/1.1 200 OK\r\na: ', 'x'.repeat(10_000)),
  flooding('headers', 'response_too_large', 'HTTP/1.1 200 OK\r\n', 'a: b\r\n'.repeat(1_000)),
  flooding('a body', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n', 'x'.repeat(10_000)),
  flooding('chunks', 200, CHUNKED, `2710\r\n${'x'.repeat(10_000)}\r\n`),
  flooding('a body of no length', 200, 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(10_000)),
  compressed('gzip', gzipSync(BOMB)),
  compressed('deflate', deflateSync(BOMB)),
  compressed('br', brotliCompressSync(BOMB)),

  writing('answers with garbage', 'invalid_response', 'SSH-2.0-OpenSSH_9.2\r\n'),
  writing('answers in HTTP/0.9', 'invalid_response', '<html>hello</html>\r\n'),
  writing(
    'answers in HTTP/2',
    'invalid_response',
    Buffer.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 0),
  ),
  writing('answers with the preface of HTTP/2', 'invalid_response', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  writing('answers with a request', 'invalid_response', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'),
  writing('answers with an impossible status', 'invalid_response', 'HTTP/1.1 abc OK\r\n\r\n'),
  writing('sends a NUL in a header', 'invalid_response', 'HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n'),
  writing('sends a header without a name', 'invalid_response', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'),
  writing('answers 100', 'invalid_response', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
  writing('answers 101', 'invalid_response', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'),
  writing(
    'answers 101 and switches',
    'invalid_response',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
  ),
  writing(
    'sends two lengths',
    'invalid_response',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
  ),
  writing(
    'sends a length and chunks',
    'invalid_response',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  writing('sends a negative length', 'invalid_response', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx'),
  writing('sends a chunk of no size', 'invalid_response', `${CHUNKED}zz\r\n`),
  writing('sends a chunk of another size', 'invalid_response', `${CHUNKED}2\r\nxxxx\r\n0\r\n\r\n`),

  writing('sends more than it promised', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxxyyyy'),
  writing(
    'answers twice',
    200,
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n',
  ),
  writing(
    'sends 103s before its answer',
    204,
    `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)}HTTP/1.1 204 No Content\r\n${CLOSING}\r\n`,
  ),
  answering('redirects to itself', 307, (socket) =>
    socket.write(`HTTP/1.1 307 Again\r\n${CLOSING}Location: /\r\nContent-Length: 0\r\n\r\n`),
  ),

  {
    name: 'is not there',
    end: 'connect',
    start: async () => {
      const hostile = await rawReceiver(() => undefined);
      await hostile.close();
      return { ...hostile, close: () => Promise.resolve() };
    },
  },
  {
    name: 'resets at once',
    end: 'reset',
    start: () => listen(createServer((socket) => void socket.resetAndDestroy())),
  },
  ...breaking('before it answers', ''),
  ...breaking('within its status line', 'HTTP/1.1 20'),
  ...breaking('within its headers', 'HTTP/1.1 200 OK\r\na: '),
  ...breaking('after its headers', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'),
  ...breaking('within its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxx'),
  ...breaking('within its chunks', `${CHUNKED}2\r\nxx\r\n`),
  overTls('resets in the handshake', 'reset', (socket) => socket.resetAndDestroy()),
  overTls('closes in the handshake', 'reset', (socket) => socket.end()),
  overTls('answers the handshake with garbage', 'tls', (socket) => socket.end('HTTP/1.1 400 No\r\n\r\n')),

  certified('signed its certificate itself', certify({ name: 'self' })),
  certified('has a certificate of an unknown authority', certify({ name: 'unknown', by: authority })),
  certified('has a certificate that has expired', certify({ name: 'old', days: [-3, -2] })),
  certified("has another host's certificate", certify({ name: 'other', hosts: ['example.com'] })),
];
