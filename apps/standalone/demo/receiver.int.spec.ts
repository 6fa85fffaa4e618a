import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { freePort } from '#embedded';
import { isSigned, startReceiver, type Received } from './receiver.js';

const secret = `whsec_${randomBytes(32).toString('base64')}`;

describe("the demo's receiver", () => {
  it("believes a signature by the specification's own library, and no other", () => {
    const body = '{"type":"order.created"}';
    const at = new Date();
    const signature = new Webhook(secret).sign('evt_1', at, body);
    const header = { id: 'evt_1', timestamp: String(Math.floor(at.getTime() / 1000)), signature };
    expect(isSigned(secret, header, Buffer.from(body))).toBe(true);
    expect(isSigned(secret, { ...header, signature: `v1,other ${signature}` }, Buffer.from(body))).toBe(true);
    expect(isSigned(secret, header, Buffer.from(`${body} `))).toBe(false);
    expect(isSigned(secret, { ...header, id: 'evt_2' }, Buffer.from(body))).toBe(false);
    expect(isSigned(secret, { ...header, signature: '' }, Buffer.from(body))).toBe(false);
  });

  it('turns some orders away at first and takes them in the end, and tells all of it', async () => {
    const port = await freePort();
    const told: Received[] = [];
    const server = await startReceiver(port, secret, (received) => told.push(received));
    const deliver = async (path: string, delivery: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'x-tidings-delivery-id': delivery, 'x-tidings-attempt': '1', 'webhook-id': 'evt_1' },
        body: '{"type":"order.created"}',
      });
      return response.status;
    };
    const attempts: number[] = [];
    for (const delivery of ['a', 'b', 'c', 'd', 'e', 'f']) {
      let count = 1;
      while ((await deliver('/orders', delivery)) !== 204) count += 1;
      attempts.push(count);
    }
    expect(attempts).toEqual([1, 1, 3, 1, 1, 2]);
    expect(await deliver('/all', 'g')).toBe(204);
    expect(told.at(-1)).toEqual({
      path: '/all',
      type: 'order.created',
      eventId: 'evt_1',
      attempt: '1',
      signed: false,
      status: 204,
    });
    server.close();
    server.closeAllConnections();
  });
});
