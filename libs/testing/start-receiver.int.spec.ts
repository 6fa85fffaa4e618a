import { startReceiver } from './start-receiver.js';

describe('a receiver for tests', () => {
  it('records requests byte by byte and answers as it is told', async () => {
    const receiver = await startReceiver();
    const send = (path: string) =>
      fetch(receiver.url + path, { method: 'PUT', body: 'ä', headers: { 'x-a': '1' } });
    expect((await send('/a?b=1')).status).toBe(204);
    expect(receiver.requests).toEqual([
      expect.objectContaining({ method: 'PUT', path: '/a?b=1', body: Buffer.from('ä') }),
    ]);
    expect(receiver.requests[0]?.headers['x-a']).toBe('1');

    receiver.answer((_, count) => ({
      status: count === 1 ? 503 : 200,
      headers: { 'retry-after': '7' },
      body: 'hm',
    }));
    const [once, twice] = [await send('/b'), await send('/b')];
    expect([once.status, twice.status]).toEqual([503, 200]);
    expect(once.headers.get('retry-after')).toBe('7');
    expect(await twice.text()).toBe('hm');
    expect(receiver.to('/b')).toHaveLength(2);

    receiver.answer({ hangUp: true });
    await expect(send('/c')).rejects.toThrow();
    await receiver.stop();
    await expect(send('/d')).rejects.toThrow();
  });
});
