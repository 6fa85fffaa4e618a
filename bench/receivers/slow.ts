import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A receiver that answers late, or takes requests and never answers, as a process of its own.
 * Argument: milliseconds until the answer, or `never`.
 */
const delayMs = process.argv[2] === 'never' ? undefined : Number(process.argv[2]);

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
  request.resume();
  if (delayMs !== undefined) setTimeout(() => response.writeHead(200).end(), delayMs);
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
});
process.on('SIGTERM', () => process.exit(0));
