import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { freePort, listenFault } from './free-port.js';

describe('a free port', () => {
  it('is the preferred one as long as nobody has it', async () => {
    const port = await freePort();
    expect(await freePort('127.0.0.1', port)).toBe(port);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await freePort('127.0.0.1', port)).not.toBe(port);
    expect(await listenFault('127.0.0.1', (server.address() as AddressInfo).port)).toBe('EADDRINUSE');
    server.close();
  });

  it('is never given out twice', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(new Set(ports).size).toBe(50);
  });

  it('is none on an address of another machine', async () => {
    await expect(freePort('192.0.2.1')).rejects.toThrow('No server can listen on 192.0.2.1: EADDRNOTAVAIL.');
  });
});
