import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request as it came in. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When it was complete, in milliseconds since 1970. */
  readonly at: number;
}

/** What to answer; 204 without a body unless it says otherwise. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How long to wait before answering, in milliseconds. */
  readonly delayMs?: number;
  /** Closes the connection instead of answering. */
  readonly hangUp?: boolean;
}

/** @param count how many requests came to the same path, this one included */
export type Answering = (request: ReceivedRequest, count: number) => Answer | Promise<Answer>;

export interface Receiver {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in the order in which they came. */
  readonly requests: ReceivedRequest[];
  /** Those to one path. */
  to(path: string): ReceivedRequest[];
  /** Says how requests are answered from now on. */
  answer(answering: Answering | Answer): void;
  stop(): Promise<void>;
}

/** A receiver of webhooks on a free port of this machine. It answers 204 until it is told otherwise. */
export async function startReceiver(first: Answering | Answer = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const to = (path: string): ReceivedRequest[] => requests.filter((request) => request.path === path);
  let answering = first;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: ReceivedRequest = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        at: Date.now(),
      };
      requests.push(request);
      const answer = async (): Promise<void> => {
        const { status, headers, body, delayMs, hangUp } =
          typeof answering === 'function' ? await answering(request, to(request.path).length) : answering;
        if (delayMs !== undefined) await sleep(delayMs, undefined, { ref: false });
        if (hangUp) incoming.socket.destroy();
        else response.writeHead(status ?? 204, headers).end(body);
      };
      // A fault in a spec's own answering shows as a connection that breaks.
      answer().catch(() => incoming.socket.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    to,
    answer: (next) => {
      answering = next;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}
