import { startReceiver, waitFor } from '#testing';
import { EgressClient, type Exchanged } from './client.js';
import { MISBEHAVIOURS, type End } from '../testing/hostile/misbehaviours.js';
import { OutboundRequest } from './undici-adapter.js';

const TIMEOUT_MS = 400;
/** Longer where the end is not to be the deadline, however busy the machine is. */
const AMPLE_MS = 10_000;
const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 16);
const send = (url: string, end: End) => {
  const timeoutMs = end === 'timeout' ? TIMEOUT_MS : AMPLE_MS;
  return client.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), timeoutMs));
};

const endOf = (exchanged: Exchanged) =>
  'answer' in exchanged ? exchanged.answer.status : exchanged.failure.kind;

// The first request loads and compiles what the others find ready.
beforeAll(async () => {
  const friendly = await startReceiver();
  await send(friendly.url, 204);
  await friendly.stop();
});

afterAll(() => client.close());

/** The same, a thousand times each: test/chaos/hostile-receivers.chaos.spec.ts. */
describe('a receiver that', () => {
  it.each(MISBEHAVIOURS)('$name: the request ends with $end, each time', async ({ start, end, lingers }) => {
    const hostile = await start();
    const ends = await Promise.all([1, 2, 3].map(() => send(hostile.url, end).then(endOf)));
    expect(ends).toEqual([end, end, end]);
    // What may be used again is closed by whoever is idle; the others are closed at once.
    if (typeof end === 'string' && !lingers) await waitFor(() => expect(hostile.open.size).toBe(0), 5_000);
    for (const socket of hostile.open) socket.destroy();
    await hostile.close();
  });
});
