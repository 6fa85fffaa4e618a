import { claimApiAddress, urlOf } from './api-address.js';

describe('the address of the admin API', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:8400'],
    ['0.0.0.0', 'http://127.0.0.1:8400'],
    ['::', 'http://[::1]:8400'],
    ['::1', 'http://[::1]:8400'],
    ['tidings.internal', 'http://tidings.internal:8400'],
  ])('of a server on %s is %s for clients on this machine', (host, url) => {
    expect(urlOf(host, 8400)).toBe(url);
  });

  it('has a port of its own when any will do', async () => {
    const { port, url } = await claimApiAddress('127.0.0.1', 0);
    expect(port).toBeGreaterThan(0);
    expect(url).toBe(`http://127.0.0.1:${port}`);
  });

  it('must be one of this machine', async () => {
    await expect(claimApiAddress('192.0.2.1', 8400)).rejects.toThrow(
      'No server can listen on 192.0.2.1 (EADDRNOTAVAIL). Set TIDINGS_HOST to an address of this machine, such as 127.0.0.1.',
    );
  });
});
