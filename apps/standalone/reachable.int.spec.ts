import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { freePort } from '#embedded';
import { expectReachable, placesOf } from './reachable.js';

describe('a server that a variable points to', () => {
  it('is found when something listens there, if only at one of several addresses', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const dead = await freePort();
    await expectReachable('TIDINGS_NATS_URL', `nats://127.0.0.1:${dead},nats://127.0.0.1:${port}`, 4222);
    server.close();
  });

  it('that is down is named with its variable and without its password', async () => {
    const port = await freePort();
    await expect(
      expectReachable('TIDINGS_DATABASE_URL', `postgres://me:geheim@127.0.0.1:${port}/db`, 5432),
    ).rejects.toThrow(
      `TIDINGS_DATABASE_URL points to 127.0.0.1:${port} (ECONNREFUSED), which cannot be reached. Start that server, or unset TIDINGS_DATABASE_URL to use one that comes with Tidings.`,
    );
  });

  it('may leave out its port and its scheme', () => {
    expect(placesOf('db.internal', 4222)).toEqual([{ host: 'db.internal', port: 4222 }]);
    expect(placesOf('postgres://u:p@[::1]/db', 5432)).toEqual([{ host: '::1', port: 5432 }]);
    expect(placesOf('nats://a:1, nats://b', 4222)).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 4222 },
    ]);
    expect(placesOf('http://a b', 1)).toBeUndefined();
  });
});
