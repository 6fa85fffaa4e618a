import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Hostile {
  url: string;
  /** Connections that are open now. */
  open: Set<Socket>;
  connections: number;
  close: () => Promise<unknown>;
}

/** Lets a server listen on a free port of this machine; how its connections fare is told. */
export async function listen(server: Server, scheme = 'http'): Promise<Hostile> {
  const close = () => new Promise((closed) => server.close(closed));
  const hostile: Hostile = { url: '', open: new Set(), connections: 0, close };
  server.on('connection', (socket: Socket) => {
    hostile.connections += 1;
    hostile.open.add(socket);
    socket.on('error', () => undefined).on('close', () => hostile.open.delete(socket));
  });
  // Specs that forget one end all the same.
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  hostile.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return hostile;
}

/** A receiver that answers each connection's first request with what `answer` writes. */
export const rawReceiver = (answer: (socket: Socket) => unknown) =>
  listen(createServer((socket) => socket.once('data', () => void answer(socket))));
