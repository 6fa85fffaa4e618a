import { newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';
import { openWires, type Wires } from './connection.js';
import { Publisher, PublishError } from './publisher.js';

let nats: TestNats;
let wires: Wires;
let publisher: Publisher;

beforeAll(async () => {
  nats = await startNats();
  await (await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY)).close();
  wires = await openWires({ url: nats.url, name: 'spec' });
  publisher = new Publisher(wires.connection, wires.outbox);
});

afterAll(async () => {
  publisher.close();
  await wires.connection.close();
  await nats.stop();
});

const refusal = async (publishing: Promise<unknown>) => {
  const error: unknown = await publishing.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PublishError);
  return (error as PublishError).message;
};

describe('publishing', () => {
  it('answers with the place in the stream, in the order of publishing', async () => {
    const stored = await Promise.all(['a', 'b', 'c'].map((body) => publisher.publish('events.acme.x', body)));
    const [first] = stored;
    expect(stored).toEqual([0, 1, 2].map((i) => ({ sequence: first!.sequence + i, duplicate: false })));
  });

  it('stores what has the same dedup id once', async () => {
    const dedupId = newId('evt');
    const first = await publisher.publish('events.acme.x', '1', { dedupId });
    const again = await Promise.all([1, 2].map(() => publisher.publish('events.acme.x', '1', { dedupId })));
    expect(again).toEqual(Array(2).fill({ sequence: first.sequence, duplicate: true }));
  });

  it('keeps thousands under way at once, and tells their answers apart', async () => {
    const stored = await Promise.all(
      Array.from({ length: 5_000 }, (_, i) => publisher.publish('events.acme.x', `${i}`)),
    );
    expect(new Set(stored.map(({ sequence }) => sequence)).size).toBe(5_000);
  });

  it('keeps headers and bytes as they are', async () => {
    const body = Buffer.from([0, 255, 10, 13]);
    const { sequence } = await publisher.publish('events.acme.x', body, { headers: { 'Ce-Id': 'ü 1' } });
    const stored = await wires.manager.streams.getMessage('EVENTS', { seq: sequence });
    expect(Buffer.from(stored!.data)).toEqual(body);
    expect(stored?.header.get('Ce-Id')).toBe('ü 1');
  });

  it('fails, naming the subject and the reason, where no stream takes it', async () => {
    expect(await refusal(publisher.publish('nobody.listens', '1'))).toMatch(/^nobody\.listens: no stream/);
  }, 15_000);

  it('fails where JetStream refuses it, with what JetStream says', async () => {
    const headers = { 'Nats-Expected-Last-Sequence': '999999' };
    expect(await refusal(publisher.publish('events.acme.x', '1', { headers }))).toMatch(
      /wrong last sequence/,
    );
  });

  it('fails by itself for what the client cannot send, and harms no other', async () => {
    const [broken, large, fine] = await Promise.allSettled([
      publisher.publish('events.acme.x', '1', { dedupId: 'two\nlines' }),
      publisher.publish('events.acme.x', Buffer.alloc(9 * 1024 * 1024)),
      publisher.publish('events.acme.x', '1'),
    ]);
    expect([broken.status, large.status, fine.status]).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect((large as PromiseRejectedResult).reason).toBeInstanceOf(PublishError);
  });

  it('fails in time while the server is away, and works when it is back', async () => {
    await nats.kill();
    const began = Date.now();
    expect(await refusal(publisher.publish('events.acme.x', '1'))).toMatch(/within 5000 ms/);
    expect(Date.now() - began).toBeLessThan(6_500);
    await nats.restart();
    await waitFor(() => publisher.publish('events.acme.x', '1'), 15_000);
  }, 30_000);

  it('waits through a restart of the server, and stores once what has a dedup id', async () => {
    const before = (await publisher.publish('events.acme.x', '1')).sequence;
    const publishing = Promise.all(
      Array.from({ length: 200 }, () => publisher.publish('events.acme.x', '1', { dedupId: newId('evt') })),
    );
    await nats.kill();
    await nats.restart();
    const sequences = (await publishing).map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(200);
    expect(Math.max(...sequences)).toBe(before + 200);
  }, 30_000);

  it('fails at once what is under way when it is closed', async () => {
    const closing = new Publisher(wires.connection, wires.outbox);
    const publishing = refusal(closing.publish('nobody.listens', '1'));
    closing.close();
    expect(await publishing).toMatch(/closed/);
  });
});
