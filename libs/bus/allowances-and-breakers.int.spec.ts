import { newId } from '#domain';
import { startNats, waitFor, type TestNats } from '#testing';
import { openWires, type Wires } from './connection.js';
import { AllowanceStore, AllowanceTakenOverError, type Allowance } from './allowance-store.js';
import { BreakerStore } from './breaker-store.js';

let nats: TestNats;
let wires: Wires;
let home: AllowanceStore;
let nextHome: AllowanceStore;
let breakers: BreakerStore;

beforeAll(async () => {
  nats = await startNats();
  wires = await openWires({ url: nats.url, name: 'spec' });
  home = new AllowanceStore(wires);
  nextHome = new AllowanceStore(wires);
  breakers = await BreakerStore.open(wires);
});

afterAll(async () => {
  await wires.connection.close();
  await nats.stop();
});

const used = (open: number): Allowance => ({ rate: { open, slots: [[1_795_000_000_000, 3]] } });
const lostAndRestarted = async () => {
  await nats.kill();
  await nats.loseStore();
  await nats.restart();
  await waitFor(() => wires.connection.flush(), 5_000);
};

describe('what a limit has used', () => {
  it('is nothing at first, and then what the last home saved', async () => {
    const webhook = newId('wh');
    expect(await home.load(webhook)).toBeUndefined();
    await home.save(webhook, () => used(1));
    await home.save(webhook, () => used(2));
    expect(await nextHome.load(webhook)).toEqual(used(2));
    await nextHome.save(webhook, () => used(3));
    expect(await home.load(webhook)).toEqual(used(3));
  });

  it('is stored once for all who save while a put is under way, with what they all have used', async () => {
    const webhook = newId('wh');
    let open = 0;
    let puts = 0;
    const take = () => {
      open++;
      return home.save(webhook, () => {
        puts++;
        return used(open);
      });
    };
    const first = take();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 500 }, take)]);
    expect(puts).toBe(2);
    expect(await nextHome.load(webhook)).toEqual(used(501));
  });

  it('is stored by the time that whoever saved goes on', async () => {
    const webhook = newId('wh');
    let open = 0;
    const takers = Array.from({ length: 20 }, async (_, i) => {
      for (let n = 0; n < 10; n++) {
        const mine = ++open;
        await home.save(webhook, () => used(open));
        if (n % 5 === i % 5)
          expect((await new AllowanceStore(wires).load(webhook))?.rate?.open).toBeGreaterThanOrEqual(mine);
      }
    });
    await Promise.all(takers);
  });

  it('is not undone by what a former home writes late', async () => {
    const webhook = newId('wh');
    await home.load(webhook);
    await home.save(webhook, () => used(1));
    await nextHome.load(webhook);
    await nextHome.save(webhook, () => used(7));
    await expect(home.save(webhook, () => used(2))).rejects.toThrow(AllowanceTakenOverError);
    await expect(home.save(webhook, () => used(2))).rejects.toThrow(webhook);
    expect(await new AllowanceStore(wires).load(webhook)).toEqual(used(7));
    expect(await home.load(webhook)).toEqual(used(7));
    await home.save(webhook, () => used(8));
    await expect(nextHome.save(webhook, () => used(9))).rejects.toThrow(AllowanceTakenOverError);
  });

  it('that a former home wrote after it was loaded is not overlooked', async () => {
    const webhook = newId('wh');
    await nextHome.load(webhook);
    await home.save(webhook, () => used(1));
    await expect(nextHome.save(webhook, () => used(0))).rejects.toThrow(AllowanceTakenOverError);
    expect(await nextHome.load(webhook)).toEqual(used(1));
  });

  it('is saved on by a home that does not know that its last put arrived', async () => {
    const webhook = newId('wh');
    await home.save(webhook, () => used(1));
    home.forget(webhook);
    await home.save(webhook, () => used(2));
    expect(await nextHome.load(webhook)).toEqual(used(2));
  });

  it('is loaded after what was still being saved', async () => {
    const webhook = newId('wh');
    const saved = [home.save(webhook, () => used(1))];
    await Promise.resolve();
    await Promise.resolve();
    saved.push(home.save(webhook, () => used(2)));
    expect(await home.load(webhook)).toEqual(used(2));
    await Promise.all(saved);
  });

  it('is saved on after NATS lost its storage', async () => {
    const webhook = newId('wh');
    await home.save(webhook, () => used(1));
    await lostAndRestarted();
    await waitFor(() => home.save(webhook, () => used(2)), 10_000);
    expect(await nextHome.load(webhook)).toEqual(used(2));
  }, 40_000);
});

describe('an open breaker', () => {
  const open = {
    tenant: 'acme',
    snapshot: { failures: 10, opened_at: 1, next_probe_at: 30_001, failed_probes: 0 },
  };

  beforeAll(async () => {
    // Its bucket went with the storage, above.
    breakers = await BreakerStore.open(wires);
  });

  it('is known to all until it closes', async () => {
    const webhook = newId('wh');
    expect(await breakers.load(webhook)).toBeUndefined();
    await breakers.put(webhook, open);
    expect(await (await BreakerStore.open(wires)).load(webhook)).toEqual(open);
    await breakers.remove(webhook);
    expect(await (await BreakerStore.open(wires)).load(webhook)).toBeUndefined();
  });

  it('is kept again after NATS lost its storage', async () => {
    const webhook = newId('wh');
    await breakers.put(webhook, open);
    await lostAndRestarted();
    // As the bus does when the connection is back.
    await waitFor(() => BreakerStore.open(wires), 10_000);
    expect(await breakers.load(webhook)).toBeUndefined();
    await breakers.put(webhook, open);
    expect(await breakers.load(webhook)).toEqual(open);
  }, 40_000);

  it('is known in memory to whoever watches, from before and from now on, until it closes', async () => {
    const [before, after] = [newId('wh'), newId('wh')];
    await breakers.put(before, open);
    const watching = await BreakerStore.open(wires);
    await watching.watch();
    expect([watching.known(before), watching.known(after)]).toEqual([open, undefined]);
    await breakers.put(after, open);
    await waitFor(() => expect(watching.known(after)).toEqual(open));
    await breakers.remove(before);
    await waitFor(() => expect(watching.known(before)).toBeUndefined());
    watching.close();
  });
});
