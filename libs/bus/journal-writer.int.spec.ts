import { newId, type Fact } from '#domain';
import { readJournal, startNats, TOPOLOGY, waitFor, type JournalReader, type TestNats } from '#testing';
import { Bus } from './bus.js';
import { openWires, type Wires } from './connection.js';
import { JOURNAL } from './subjects.js';

let nats: TestNats;
let bus: Bus;
let wires: Wires;
let journal: JournalReader;

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  wires = await openWires({ url: nats.url, name: 'looking on' });
  journal = await readJournal(bus);
});

afterAll(async () => {
  await journal.stop();
  await bus.close();
  await wires.connection.close();
  await nats.stop();
});

const fact = (excerpt = ''): Fact & { id: string } => ({
  kind: 'event.rejected',
  tenant: 'acme',
  id: newId('evt'),
  type: 'x',
  accepted_at: 1,
  sequence: 1,
  reason: 'empty',
  excerpt,
});
const messages = async () => (await wires.manager.streams.info(JOURNAL)).state.messages;
const readIds = () => new Set(journal.of('event.rejected').map(({ id }) => id));

describe('the journal', () => {
  it('takes facts together: a thousand come in few messages', async () => {
    const writer = bus.journal('spec');
    const before = await messages();
    const facts = Array.from({ length: 1_000 }, () => fact());
    await Promise.all(facts.map((one) => writer.append(one)));
    expect((await messages()) - before).toBe(10);
    await waitFor(() => expect(facts.every(({ id }) => readIds().has(id))).toBe(true));
  });

  it('splits what would be too large for one message, though each letter take three bytes', async () => {
    const writer = bus.journal('spec');
    const before = await messages();
    const facts = Array.from({ length: 40 }, () => fact('€'.repeat(30_000)));
    await Promise.all(facts.map((one) => writer.append(one)));
    const count = (await messages()) - before;
    expect(count).toBeGreaterThanOrEqual(5);
    expect(count).toBeLessThanOrEqual(10);
    const { last_seq } = (await wires.manager.streams.info(JOURNAL)).state;
    for (let seq = last_seq; seq > last_seq - count; seq--) {
      const stored = await wires.manager.streams.getMessage(JOURNAL, { seq });
      expect(stored!.data.length).toBeLessThan(1024 * 1024);
    }
  });

  it('confirms a fact when it is stored, soon after it was told', async () => {
    const before = await messages();
    const began = Date.now();
    await bus.journal('spec').append(fact());
    expect(Date.now() - began).toBeLessThan(500);
    expect(await messages()).toBe(before + 1);
  });

  it('is written through a crash of the server, and confirms nothing meanwhile', async () => {
    const writer = bus.journal('spec');
    await nats.kill();
    const facts = Array.from({ length: 250 }, () => fact());
    let confirmed = 0;
    const writing = Promise.all(facts.map((one) => writer.append(one).then(() => confirmed++)));
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(confirmed).toBe(0);
    await nats.restart();
    await writing;
    await waitFor(() => expect(facts.every(({ id }) => readIds().has(id))).toBe(true), 15_000);
  }, 40_000);

  it('stores what is there when its writer is closed', async () => {
    const writer = bus.journal('spec');
    const one = fact();
    let confirmed = false;
    void writer.append(one).then(() => (confirmed = true));
    await writer.close(2_000);
    expect(confirmed).toBe(true);
  });

  it('closes in time though the server is away', async () => {
    const writer = bus.journal('spec');
    await nats.kill();
    void writer.append(fact());
    const began = Date.now();
    await writer.close(500);
    expect(Date.now() - began).toBeLessThan(1_500);
    await nats.restart();
  });
});
