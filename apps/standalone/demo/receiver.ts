import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { signStandard, signingKey } from '#signing';

/** What came in, and what was answered. */
export interface Received {
  readonly path: string;
  readonly type: string;
  readonly eventId: string;
  readonly attempt: string;
  readonly signed: boolean;
  readonly status: number;
}

const FLAKY_PATH = '/orders';
/** Of the deliveries to the flaky path, one in so many fails on its first attempts. */
const FAILS_ONE_IN = 3;
const MOST_FAILURES = 2;

/** Whether one of the signatures in the header is right for the body, as a receiver has to check. */
export function isSigned(
  secret: string,
  header: { readonly id: string; readonly timestamp: string; readonly signature: string },
  body: Uint8Array,
): boolean {
  const expected = Buffer.from(signStandard([signingKey(secret)], header.id, Number(header.timestamp), body));
  return header.signature.split(' ').some((given) => {
    const bytes = Buffer.from(given);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function typeOf(body: Buffer): string {
  try {
    return String((JSON.parse(body.toString('utf8')) as { type?: unknown }).type);
  } catch {
    return '?';
  }
}

/**
 * A receiver of webhooks on this machine. Its path /orders turns some deliveries
 * away on their first attempts, so that retries can be watched.
 */
export async function startReceiver(
  port: number,
  secret: string,
  onReceived: (received: Received) => void,
): Promise<Server> {
  let deliveries = 0;
  const failuresLeft = new Map<string, number>();
  const answerTo = (path: string, delivery: string): number => {
    if (path !== FLAKY_PATH) return 204;
    let left = failuresLeft.get(delivery);
    if (left === undefined) {
      deliveries += 1;
      left = deliveries % FAILS_ONE_IN === 0 ? 1 + ((deliveries / FAILS_ONE_IN) % MOST_FAILURES) : 0;
    }
    if (left === 0) {
      failuresLeft.delete(delivery);
      return 204;
    }
    failuresLeft.set(delivery, left - 1);
    return 503;
  };
  const server = createServer((request, response) => {
    const header = (name: string): string => String(request.headers[name] ?? '');
    readBody(request).then(
      (body) => {
        const path = request.url ?? '/';
        const status = answerTo(path, header('x-tidings-delivery-id'));
        response.writeHead(status).end();
        onReceived({
          path,
          type: typeOf(body),
          eventId: header('webhook-id'),
          attempt: header('x-tidings-attempt'),
          signed: isSigned(
            secret,
            {
              id: header('webhook-id'),
              timestamp: header('webhook-timestamp'),
              signature: header('webhook-signature'),
            },
            body,
          ),
          status,
        });
      },
      () => response.destroy(),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
