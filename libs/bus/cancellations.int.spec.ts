import { newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';

let nats: TestNats;
let people: Bus;
let dispatcher: Bus;
const of = { tenant: 'acme', webhook: newId('wh') };

beforeAll(async () => {
  nats = await startNats();
  people = await Bus.open({ url: nats.url, name: 'people' }, TOPOLOGY);
  dispatcher = await Bus.open({ url: nats.url, name: 'dispatcher' }, TOPOLOGY);
}, 60_000);
afterAll(async () => {
  dispatcher.cancellations.close();
  await Promise.all([people.close(), dispatcher.close()]);
  await nats.stop();
});

const marked = async (delivery = newId('dlv')) => {
  await people.cancellations.mark(delivery, of);
  return delivery;
};
const seen = (delivery: string) => waitFor(() => expect(dispatcher.cancellations.has(delivery)).toBe(true));

describe('the mark of a cancelled delivery', () => {
  let early: string;

  it('that was set before anyone watched is known when the watching begins', async () => {
    early = await marked();
    await dispatcher.cancellations.watch();
    expect(dispatcher.cancellations.has(early)).toBe(true);
    expect(dispatcher.cancellations.has(newId('dlv'))).toBe(false);
  });

  it('reaches whoever watches', async () => seen(await marked()));

  it('does not stop what was owed after it', async () => {
    const delivery = await marked();
    await seen(delivery);
    expect(dispatcher.cancellations.has(delivery, Date.now() - 60_000)).toBe(true);
    expect(dispatcher.cancellations.has(delivery, Date.now() + 1)).toBe(false);
  });

  it('says when it was set, whether or not anyone watches', async () => {
    const before = Date.now();
    const delivery = await marked();
    await seen(delivery);
    const at = await people.cancellations.markedAt(delivery);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(dispatcher.cancellations.cancelledAt(delivery, before)).toBe(at);
    expect(await people.cancellations.markedAt(newId('dlv'))).toBeUndefined();
  });

  it('reaches whoever watches also after the server died and came back', async () => {
    await nats.kill();
    await nats.restart();
    let delivery = '';
    await waitFor(async () => void (delivery = await marked()), 20_000);
    await waitFor(() => expect(dispatcher.cancellations.has(delivery)).toBe(true), 20_000);
    expect(dispatcher.cancellations.has(early)).toBe(true);
  }, 60_000);

  it('reaches whoever watches also after the store was lost and made again', async () => {
    await nats.halt();
    await nats.loseStore();
    await nats.restart();
    await waitFor(() => people.ensureTopology(), 20_000);
    let delivery = '';
    await waitFor(async () => void (delivery = await marked()), 20_000);
    await waitFor(() => expect(dispatcher.cancellations.has(delivery)).toBe(true), 30_000);
  }, 90_000);
});
