import { waitFor } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);

describe('an attempt that takes longer than a second', () => {
  it('is told of while it is under way, with the attempts before it; a quick one is not', async () => {
    test.receiver.answer((_request, count) => (count === 1 ? { status: 503 } : { delayMs: 1_800 }));
    const webhook = await test.webhook();
    const owed = await test.owe(webhook);
    await waitFor(() => expect(test.journal.of('attempt.finished')).toHaveLength(2), 15_000);
    const sending = test.journal.of('delivery.sending');
    expect(sending).toEqual([
      expect.objectContaining({ delivery: owed.delivery, webhook: webhook.id, attempt_count: 1 }),
    ]);
    const [, slow] = test.journal.of('attempt.finished');
    expect(slow?.attempt).toMatchObject({ number: 2, response: { status: 204 } });
    const { started_at = 0, duration_ms = 0 } = slow?.attempt ?? {};
    expect(sending[0]?.at).toBeGreaterThan(started_at);
    expect(sending[0]?.at).toBeLessThanOrEqual(started_at + duration_ms);
  });
});
