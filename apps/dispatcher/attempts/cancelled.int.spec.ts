import { waitFor } from '#testing';
import type { OwedDelivery } from '#bus';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
beforeAll(async () => {
  test = await startTestDispatcher();
}, 60_000);
afterAll(() => test.stop());

const cancellationsOf = ({ delivery }: OwedDelivery) =>
  test.journal.of('delivery.cancelled').filter((fact) => fact.delivery === delivery);

describe('a delivery that a person cancelled', () => {
  it('while it waited in a lane is dropped when its turn comes, and the journal is told as of the mark', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    const owed = await test.owe(webhook, '{"n":1}', { attempt: 3 });
    await waitFor(() => expect(test.journal.of('delivery.held')).toHaveLength(1));
    await test.bus.cancellations.mark(owed.delivery, owed);
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() => expect(cancellationsOf(owed)).toHaveLength(1));
    expect(cancellationsOf(owed)[0]).toMatchObject({
      ...{ reason: 'cancelled_by_user', attempt_count: 2 },
      at: await test.bus.cancellations.markedAt(owed.delivery),
    });
    expect(test.receiver.to(webhook.path)).toEqual([]);
  });

  it('while it waited, and that was brought back, comes once', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    const owed = await test.owe(webhook);
    const held = () => test.journal.of('delivery.held').filter(({ delivery }) => delivery === owed.delivery);
    await waitFor(() => expect(held()).toHaveLength(1));
    await test.bus.cancellations.mark(owed.delivery, owed);
    const { owed_at: _at, by_reference: _by, ...again } = owed;
    await test.bus.requeue.bringBack({ ...again, trigger: 'manual', data: '{"n":1}', wasCancelled: true });
    await waitFor(() => expect(held()).toHaveLength(2));
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() => {
      const attempts = test.journal
        .of('attempt.finished')
        .filter(({ delivery }) => delivery === owed.delivery);
      expect(attempts).toEqual([
        expect.objectContaining({ outcome: 'success', owed_at: held()[1]?.owed_at }),
      ]);
    });
    expect(cancellationsOf(owed)).toHaveLength(1);
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
  });

  it('while it was attempted in vain is not scheduled again', async () => {
    const webhook = await test.webhook();
    const answered = Promise.withResolvers<void>();
    test.receiver.answer(async ({ path }) => {
      if (path === webhook.path) await answered.promise;
      return { status: 500 };
    });
    const owed = await test.owe(webhook);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
    await test.bus.cancellations.mark(owed.delivery, owed);
    answered.resolve();
    const attempts = () =>
      test.journal.of('attempt.finished').filter(({ delivery }) => delivery === owed.delivery);
    await waitFor(() => expect(attempts()).toHaveLength(1));
    expect(attempts()[0]).toMatchObject({ outcome: 'cancelled', reason: 'cancelled_by_user' });
    expect(await test.bus.requeue.unschedule(webhook.id, owed.delivery)).toBeUndefined();
  });
});
