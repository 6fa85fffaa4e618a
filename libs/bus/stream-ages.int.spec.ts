import { millis } from '@nats-io/transport-node';
import { startNats, type TestNats } from '#testing';
import { Bus } from './bus.js';
import { openWires, type Wires } from './connection.js';
import { EVENTS, JOURNAL } from './subjects.js';
import type { TopologySettings } from './topology.js';

/** No setting says for how long streams keep what they hold. */
const FOLLOWING: TopologySettings = { dedupWindowSeconds: 120, replicas: 1 };

let nats: TestNats;
let wires: Wires;
beforeAll(async () => {
  nats = await startNats();
  wires = await openWires({ url: nats.url, name: 'spec' });
});
afterAll(async () => {
  await wires.connection.close();
  await nats.stop();
});

const hours = async (stream: string) => {
  const { config } = await wires.manager.streams.info(stream);
  return millis(config.max_age) / 3_600_000;
};
const ages = async () => ({ events: await hours(EVENTS), journal: await hours(JOURNAL) });
const open = (topology = FOLLOWING) => Bus.open({ url: nats.url, name: 'spec' }, topology);

describe('without settings, the streams keep what they hold', () => {
  it('for 32 days when an app makes them that does not know the tenants', async () => {
    const bus = await open();
    expect(await ages()).toEqual({ events: 32 * 24, journal: 32 * 24 });
    await bus.close();
  });

  it('as long as is said by who knows them, longer and shorter, and no other app undoes that', async () => {
    const admin = await open();
    for (const said of [
      { events: 92 * 24, journal: 92 * 24 },
      { events: 31 * 24, journal: 9 * 24 },
    ]) {
      await admin.keepStreams(said);
      expect(await ages()).toEqual(said);
      const other = await open();
      await other.ensureTopology();
      expect(await ages()).toEqual(said);
      await other.close();
    }
    await admin.close();
  });

  it('as was said before, when NATS lost its storage and they are made again', async () => {
    const admin = await open();
    await admin.keepStreams({ events: 100, journal: 50 });
    await wires.manager.streams.delete(EVENTS);
    await wires.manager.streams.delete(JOURNAL);
    const other = await open();
    await admin.ensureTopology();
    expect(await ages()).toEqual({ events: 100, journal: 50 });
    await Promise.all([admin.close(), other.close()]);
  });

  it('and a setting wins, each for its stream', async () => {
    const admin = await open({ ...FOLLOWING, eventsMaxAgeHours: 24 });
    await admin.keepStreams({ events: 100, journal: 50 });
    expect(await ages()).toEqual({ events: 24, journal: 50 });
    await admin.close();
  });
});
