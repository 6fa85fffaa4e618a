import { AllowanceTakenOverError, Bus } from '#bus';
import { newId } from '#domain';
import { routedWebhook, startNats, TOPOLOGY, type TestNats } from '#testing';
import { Pace, type Used } from './pace.js';

let nats: TestNats;
let former: Bus;
let present: Bus;

beforeAll(async () => {
  nats = await startNats();
  former = await Bus.open({ url: nats.url, name: 'former' }, TOPOLOGY);
  present = await Bus.open({ url: nats.url, name: 'present' }, TOPOLOGY);
}, 30_000);

afterAll(async () => {
  await Promise.all([former.close(), present.close()]);
  await nats.stop();
});

const LIMIT = 5;

/** A limited webhook at two homes, of which neither had written anything when the other one came. */
async function twoHomes(): Promise<[Pace, Pace]> {
  const webhook = routedWebhook({ id: newId('wh'), rate_limit: { limit: LIMIT, period_seconds: 3_600 } });
  const at = async (bus: Bus) =>
    Pace.resume(webhook, {
      allowances: bus.allowances,
      breakers: bus.breakers,
      journal: bus.journal('dispatcher'),
      hourlyLimit: () => null,
      report: (_problem, error) => {
        throw error;
      },
    });
  return [await at(former), await at(present)];
}

const take = async (pace: Pace): Promise<Used> => pace.take(Date.now());

describe('a webhook whose former home wrote what it had used after the present one had read it', () => {
  it('gets no more than the limit leaves', async () => {
    const [before, after] = await twoHomes();
    await Promise.all([take(before), take(before), take(before)]);
    await Promise.all([take(after), take(after)]);
    expect(after.waitNow(Date.now())).toBe('rate_limited');
  });

  it('is not called where nothing is left, and nothing is used by that', async () => {
    const [before, after] = await twoHomes();
    await Promise.all(Array.from({ length: LIMIT }, () => take(before)));
    await expect(take(after)).rejects.toThrow(AllowanceTakenOverError);
    expect(after.waitNow(Date.now())).toBe('rate_limited');
    // What is left is what the former home used: a period after it all of it is free.
    expect(after.freeAt(Date.now())).not.toBe(Infinity);
  });
});
