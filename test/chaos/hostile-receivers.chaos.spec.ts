import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EgressClient, OutboundRequest, type Exchanged } from '../../libs/egress/index.js';
import { MISBEHAVIOURS, type End, type Misbehaviour } from '../../libs/testing/hostile/misbehaviours.js';
import { listen } from '../../libs/testing/hostile/raw-receiver.js';
import { stubbedResolver } from '../../libs/egress/testing/stubbed-resolver.js';
import { waitFor } from '../../libs/testing/index.js';

const ATTEMPTS = Number(process.env.HOSTILE_ATTEMPTS ?? 1_000);
const AT_ONCE = 50;
/** Receivers and requests share this process: the floods take its time from the deadline's timers. */
const TIMEOUT_MS = 1_000;
const AMPLE_MS = 60_000;
const MEBIBYTE = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, AT_ONCE);
afterAll(() => client.close());

const endOf = (exchanged: Exchanged) =>
  'answer' in exchanged ? exchanged.answer.status : exchanged.failure.kind;

async function attempt(url: string, end: End): Promise<{ end: number | string; tookMs: number }> {
  const timeoutMs = end === 'timeout' ? TIMEOUT_MS : AMPLE_MS;
  const began = performance.now();
  const exchanged = await client.send(
    new OutboundRequest('POST', url, { 'accept-encoding': 'identity' }, Buffer.from('{}'), timeoutMs),
  );
  return { end: endOf(exchanged), tookMs: performance.now() - began };
}

/** Many attempts at one receiver; each end with its count, and the longest time. */
async function attempts({ start, end }: Misbehaviour, count: number) {
  const hostile = await start();
  const ends: Record<string, number> = {};
  let [left, longestMs] = [count, 0];
  const work = async () => {
    while (left-- > 0) {
      const done = await attempt(hostile.url, end);
      ends[done.end] = (ends[done.end] ?? 0) + 1;
      longestMs = Math.max(longestMs, done.tookMs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await waitFor(() => expect(client.kept).toEqual({ origins: 0, sockets: 0 }), 30_000);
  await waitFor(() => expect(hostile.open.size).toBe(0), 30_000);
  await hostile.close();
  return { ends, longestMs: Math.round(longestMs) };
}

/** Buffers of closed sockets are given back over some rounds. */
async function heapMiB(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collect();
    await sleep(100);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEBIBYTE;
}

describe('a receiver that', () => {
  it.each(MISBEHAVIOURS)('$name ends every attempt with $end, and leaves nothing', async (misbehaviour) => {
    // What is loaded and compiled by the first attempts stays.
    await attempts(misbehaviour, AT_ONCE);
    const before = await heapMiB();
    const { ends, longestMs } = await attempts(misbehaviour, ATTEMPTS);
    const grewMiB = (await heapMiB()) - before;
    process.stdout.write(
      `${misbehaviour.name}: ${JSON.stringify(ends)}, longest ${longestMs} ms, heap ${grewMiB.toFixed(1)} MiB more\n`,
    );
    expect(ends).toEqual({ [misbehaviour.end]: ATTEMPTS });
    if (misbehaviour.end === 'timeout') expect(longestMs).toBeLessThan(TIMEOUT_MS * 3);
    expect(grewMiB).toBeLessThan(8);
  });
});

/** Ten thousand webhooks, each with a host of its own, are the system's everyday. */
describe('ten thousand origins', () => {
  it('leave a thousand idle connections at most, and none when idle', async () => {
    const { resolve } = stubbedResolver(() => ['127.0.0.1']);
    const policy = { allow: ['127.0.0.0/8'], http: true, ports: 'any' } as const;
    const many = new EgressClient({ ...policy, allow: [...policy.allow] }, AT_ONCE, { resolve });
    const receiver = await listen(createServer((_request, response) => response.end('ok')));
    const before = await heapMiB();
    let [next, most] = [0, 0];
    const work = async () => {
      while (next < 10_000) {
        const url = receiver.url.replace('127.0.0.1', `o${next++}.example`);
        const exchanged = await many.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), AMPLE_MS));
        expect(exchanged).toMatchObject({ answer: { status: 200 } });
        most = Math.max(most, many.kept.sockets, many.kept.origins);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(receiver.connections).toBe(10_000);
    expect(most).toBeLessThanOrEqual(1_000 + AT_ONCE);
    await waitFor(() => expect(many.kept).toEqual({ origins: 0, sockets: 0 }), 30_000);
    await waitFor(() => expect(receiver.open.size).toBe(0), 10_000);
    const grewMiB = (await heapMiB()) - before;
    process.stdout.write(`10,000 origins: at most ${most} kept, heap ${grewMiB.toFixed(1)} MiB more\n`);
    expect(grewMiB).toBeLessThan(8);
    await many.close();
  });
});
