import { Agent, request as httpRequest } from 'node:http';

export interface SentRequest {
  method: string;
  /** As it stands in the request line, broken escapes included. */
  target: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

export interface Answer {
  status: number;
  contentType: string;
  text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Sends what `fetch` would refuse to send: bodies with GET, broken paths, any header value. */
export function send(origin: string, { method, target, headers, body }: SentRequest): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const length = body ? { 'content-length': String(body.length) } : {};
    const sent = httpRequest(
      { agent, hostname, port, method, path: target, headers: { ...headers, ...length } },
      (response) => {
        const contentType = response.headers['content-type'] ?? '';
        // It goes on until somebody has heard enough.
        if (contentType.startsWith('text/event-stream')) {
          resolve({ status: response.statusCode ?? 0, contentType, text: '' });
          response.destroy();
          return;
        }
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType,
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    // A body that is too large is answered before it is read, and the connection ends under our hands.
    sent.on('error', reject);
    sent.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}
