import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  startNats,
  startReceiver,
  startStandalone,
  waitFor,
  type Receiver,
  type RunningStandalone,
  type TestNats,
} from '#testing';

let nats: TestNats;
let own: NatsConnection;
let js: JetStreamClient;
let receiver: Receiver;
let standalone: RunningStandalone;
let folder: string;

beforeAll(async () => {
  [nats, receiver] = await Promise.all([startNats(), startReceiver()]);
  const { host, username: user, password: pass } = new URL(nats.url);
  own = await connect({ servers: host, user, pass });
  js = jetstream(own);
  const manager = await jetstreamManager(own);
  await manager.streams.add({ name: 'SHOP', subjects: ['shop.>'] });
  folder = await mkdtemp(join(tmpdir(), 'tidings-sources-'));
  const source = { name: 'shop', stream: 'SHOP', tenant: { token: 2 }, type: { tokens_from: 3 } };
  const file = join(folder, 'sources.json');
  await writeFile(file, JSON.stringify({ sources: [source] }));
  standalone = await startStandalone({ env: { TIDINGS_NATS_URL: nats.url, TIDINGS_SOURCES: file } });
  const made = await standalone.api('POST', '/webhooks', {
    name: 'orders',
    url: `${receiver.url}/orders`,
    event_types: ['order.>'],
  });
  expect(made.status).toBe(201);
}, 180_000);
afterAll(async () => {
  await standalone.stop();
  await own.close();
  await Promise.all([receiver.stop(), nats.stop(), rm(folder, { recursive: true })]);
}, 30_000);

const received = (id: string) =>
  receiver.to('/orders').filter((request) => request.headers['webhook-id'] === id);
const recorded = async (id: string) => {
  const { status, body } = await standalone.api<{ type: string; data: unknown }>('GET', `/events/${id}`);
  expect(status).toBe(200);
  return body;
};

describe("a stream of the user's own", () => {
  it('has its messages delivered and recorded, small and large', async () => {
    const large = { text: 'x'.repeat(100_000) };
    await js.publish('shop.default.order.paid', '{"total":1.0}', { msgID: 'own-small' });
    await js.publish('shop.default.order.paid', JSON.stringify(large), { msgID: 'own-large' });
    await waitFor(() => expect([received('own-small').length, received('own-large').length]).toEqual([1, 1]));
    expect(received('own-small')[0]?.body.toString()).toContain('"data":{"total":1.0}');
    expect(JSON.parse(received('own-large')[0]?.body.toString() ?? '')).toMatchObject({ data: large });
    await waitFor(async () =>
      expect(await recorded('own-large')).toMatchObject({ type: 'order.paid', data: large }),
    );
  });
});

describe('an event id within the deduplication window', () => {
  it('is delivered once, although it came by REST, on NATS and from a source', async () => {
    const id = 'everywhere-1';
    const answer = await standalone.api('POST', '/events', { type: 'order.paid', data: 1, id });
    expect(answer.body).toEqual({ id, duplicate: false });
    await js.publish('events.default.order.paid', JSON.stringify({ id, data: 1 }));
    await js.publish('shop.default.order.paid', '1', { msgID: id });
    await js.publish('shop.default.order.paid', '2', { msgID: 'behind-them' });
    await waitFor(() => expect(received('behind-them')).toHaveLength(1));
    const again = await standalone.api('POST', '/events', { type: 'order.paid', data: 1, id });
    expect(again.body).toEqual({ id, duplicate: true });
    expect(received(id)).toHaveLength(1);
  });
});
