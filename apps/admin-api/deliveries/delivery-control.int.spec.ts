import { newId, type DeliveryRef } from '#domain';
import { readJournal, waitFor, type JournalReader } from '#testing';
import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { openRecord, type TestRecord } from '../testing/record-for-tests.js';
import { createWebhook, WEBHOOKS } from '../testing/webhooks-for-tests.js';
import { onceAsItStands } from './bring-back.js';

let api: TestApi;
let record: TestRecord;
let journal: JournalReader;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
  journal = await readJournal(record.bus);
  await record.bus.cancellations.watch();
}, 60_000);
afterAll(async () => {
  await journal.stop();
  await record.close();
  await api.stop();
});

const DELIVERIES = '/api/v1/deliveries';
const HOUR_MS = 3_600_000;
const webhook = async (more: object = {}) => member(await createWebhook(api, more), 'id');
const ask = (what: 'retry' | 'cancel', { delivery }: Pick<DeliveryRef, 'delivery'>, headers = {}) =>
  api.ask('POST', `${DELIVERIES}/${delivery}/${what}`, undefined, headers);
const refused = (answer: { status: number; json: unknown }) => [
  answer.status,
  (answer.json as { code: string }).code,
];

/** Writes what the journal tells of a delivery that people did to it, once it does so so many times. @returns the last of it */
async function told(
  kind: 'delivery.brought_back' | 'delivery.cancelled',
  { delivery }: { delivery: string },
  times = 1,
) {
  const facts = () => journal.of(kind).filter((fact) => fact.delivery === delivery);
  await waitFor(() => expect(facts()).toHaveLength(times));
  await record.project(...facts());
  return facts().at(-1)!;
}
const shown = ({ delivery }: Pick<DeliveryRef, 'delivery'>) =>
  api.ask('GET', `${DELIVERIES}/${delivery}`).then(({ json }) => json);

/** What a dispatcher queues after a failed attempt. */
async function scheduled(ref: DeliveryRef, attempt: number): Promise<void> {
  const owed = {
    ...ref,
    timestamp: '2026-01-31T12:00:00.000Z',
    owed_at: ref.created_at,
    attempt,
    trigger: 'auto' as const,
    sequence: 1,
    by_reference: false,
  };
  await record.bus.deliveries.later(owed, Buffer.from('{"größe":1.0}'), Date.now() + HOUR_MS);
}

describe('POST /deliveries/{id}/retry', () => {
  it.each(['success', 'failed', 'cancelled'] as const)(
    'queues one that has ended as %s, with its payload and as its next attempt',
    async (outcome) => {
      const to = await webhook();
      const delivery = await record.delivery(to, outcome);
      const answer = await ask('retry', delivery);
      expect(answer.status).toBe(202);
      await told('delivery.brought_back', delivery);
      expect(answer.json).toEqual(await shown(delivery));
      expect(answer.json).toMatchObject(
        outcome === 'success'
          ? { status: 'success', attempt_count: 1 }
          : { status: 'retrying', attempt_count: 1, completed_at: null, reason: null },
      );
      const [queued] = await record.readyFor(to, 1);
      expect(queued?.data).toBe('{"größe":1.0}');
      expect(queued?.owed).toMatchObject({
        ...{ delivery: delivery.delivery, event: delivery.event, event_type: delivery.event_type },
        ...{ attempt: 2, trigger: 'manual', created_at: delivery.created_at, by_reference: false },
      });
      expect(queued?.owed.owed_at).toBeGreaterThan(delivery.created_at);
    },
  );

  it('queues it with the metadata of its event, as they were written', async () => {
    const to = await webhook();
    const metadata = '{ "b": 1.50, "a": 9007199254740993 }';
    const delivery = await record.delivery(to, 'failed', await record.event({ metadata }));
    expect((await ask('retry', delivery)).status).toBe(202);
    const [queued] = await record.readyFor(to, 1);
    expect(queued?.owed.metadata).toBe(metadata);
  });

  it('queues it once while nothing has come of it, and again when something has', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'failed');
    const both = await Promise.all([ask('retry', delivery), ask('retry', delivery)]);
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    await record.project({
      kind: 'delivery.cancelled',
      ...{ ...delivery, at: Date.now() + 10, attempt_count: 1, reason: 'cancelled_by_user' },
    });
    await ask('retry', delivery);
    const queued = await record.readyFor(to, 2);
    expect(queued.map(({ owed }) => owed.attempt)).toEqual([2, 2]);
  });

  it('can be cancelled and asked for again as soon as it is owed again', async () => {
    const delivery = await record.delivery(await webhook(), 'failed');
    for (let times = 1; times <= 2; times++) {
      expect((await ask('retry', delivery)).status).toBe(202);
      const brought = await told('delivery.brought_back', delivery, times);
      expect(brought).toMatchObject({
        trigger: 'manual',
        attempt_count: 1,
        owed_at: expect.any(Number) as number,
      });
      expect(refused(await ask('retry', delivery))).toEqual([409, 'delivery_pending']);
      expect((await ask('cancel', delivery)).status).toBe(200);
      const cancelled = await told('delivery.cancelled', delivery, times);
      expect(cancelled).toMatchObject({ owed_at: brought.owed_at });
      expect(await shown(delivery)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_user' });
    }
    const queued = await record.readyFor(delivery.webhook, 2);
    // Both were, each by its own mark or the later one.
    await waitFor(() =>
      expect(queued.every(({ owed }) => record.bus.cancellations.has(owed.delivery, owed.owed_at))).toBe(
        true,
      ),
    );
  });

  it('is told of by whoever asks again, when the admin-api died that had queued it', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'failed');
    const { status, attempt_count, updated_at } = await record.database
      .query<{ status: 'failed'; attempt_count: number; updated_at: Date }[]>(
        'SELECT status, attempt_count, updated_at FROM deliveries WHERE id = $1',
        [delivery.delivery],
      )
      .then(([row]) => row!);
    await record.pause();
    const wanted = { id: delivery.delivery, webhook: to, event: delivery.event };
    const known = { status, attempt_count, updated_at };
    const queued = await record.bus.requeue.bringBack(
      {
        ...delivery,
        ...{ timestamp: '2026-01-31T12:00:00.000Z', attempt: 2, trigger: 'manual', sequence: 1 },
        ...{ data: '{}', wasCancelled: false },
      },
      onceAsItStands({ ...wanted, created_at: new Date(delivery.created_at), known }),
    );
    expect((await ask('retry', delivery)).status).toBe(202);
    expect(queued).toEqual({
      end: 'queued',
      owed_at: (await told('delivery.brought_back', delivery)).owed_at,
    });
    await record.resume();
    expect(await record.readyFor(to, 1)).toHaveLength(1);
  });

  it('makes the scheduled attempt due now, also when the record has not heard of the schedule yet', async () => {
    for (const known of ['retrying', 'pending'] as const) {
      const to = await webhook();
      const delivery = await record.delivery(to, known);
      await scheduled(delivery, 2);
      expect((await ask('retry', delivery)).status).toBe(202);
      const [queued] = await record.readyFor(to, 1);
      expect(queued?.owed).toMatchObject({ attempt: 2, trigger: 'manual' });
      const brought = await told('delivery.brought_back', delivery);
      expect(brought).toMatchObject({ attempt_count: 1, owed_at: queued?.owed.owed_at });
      expect(await shown(delivery)).toMatchObject({ status: 'retrying', next_attempt_at: null });
      expect(refused(await ask('retry', delivery))).toEqual([409, 'delivery_pending']);
      expect(await record.readyFor(to, 1)).toHaveLength(1);
    }
  });

  it('is refused for one that is owed now, with a hint where its webhook is paused', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'pending');
    expect(refused(await ask('retry', delivery))).toEqual([409, 'delivery_pending']);
    await api.ask('POST', `${WEBHOOKS}/${to}/pause`);
    expect(member(await ask('retry', delivery), 'detail')).toMatch(/is paused: resume it/);
  });

  it('is taken for a paused webhook, and refused for one that is disabled or deleted', async () => {
    const to = await webhook({ status: 'inactive' });
    const delivery = await record.delivery(to, 'failed');
    expect((await ask('retry', delivery)).status).toBe(202);
    await record.database.query(
      `UPDATE webhooks SET status = 'disabled', disabled_reason = 'receiver_gone' WHERE id = $1`,
      [to],
    );
    const answer = await ask('retry', delivery);
    expect(refused(answer)).toEqual([409, 'webhook_disabled']);
    expect(answer.json).toMatchObject({ disabled_reason: 'receiver_gone' });
    await api.ask('DELETE', `${WEBHOOKS}/${to}`);
    expect(refused(await ask('retry', delivery))).toEqual([409, 'webhook_gone']);
  });

  it('is refused when nobody has the payload any more', async () => {
    const event = await record.event({ data: null, sequence: 999_999 });
    const delivery = await record.delivery(await webhook(), 'failed', event);
    expect(refused(await ask('retry', delivery))).toEqual([409, 'payload_expired']);
  });

  it('is no other tenant’s to ask for, nor a viewer’s', async () => {
    const delivery = await record.delivery(await webhook(), 'failed');
    const foreign = await ask('retry', delivery, { 'tidings-tenant': 'acme' });
    expect(refused(foreign)).toEqual([404, 'delivery_not_found']);
    const viewer = await api.ask('POST', '/api/v1/keys', { name: 'viewer', role: 'viewer' });
    const headers = { authorization: `Bearer ${member(viewer, 'key')}` };
    expect(refused(await ask('retry', delivery, headers))).toEqual([403, 'forbidden']);
  });

  it('that NATS cannot take now is refused, and may be asked for again', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'failed');
    await api.nats.halt();
    const answer = await ask('retry', delivery);
    await api.nats.restart();
    expect(refused(answer)).toEqual([503, 'bus_unavailable']);
    await waitFor(async () => expect((await ask('retry', delivery)).status).toBe(202), 20_000);
    await record.readyFor(to, 1);
  }, 60_000);
});

describe('POST /deliveries/{id}/cancel', () => {
  it('marks one that is owed, and shows it as it will be on record', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'pending');
    const answer = await ask('cancel', delivery);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      ...{ id: delivery.delivery, status: 'cancelled', reason: 'cancelled_by_user', attempt_count: 0 },
      completed_at: expect.stringMatching(/Z$/) as string,
    });
    const { cancellations } = record.bus;
    await waitFor(() => expect(cancellations.has(delivery.delivery, delivery.created_at)).toBe(true));
  });

  it('takes the schedule away, and tells of all attempts, those too that the record has not heard of', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'retrying');
    await scheduled(delivery, 4);
    expect((await ask('cancel', delivery)).json).toMatchObject({ attempt_count: 3, next_attempt_at: null });
    expect(await record.bus.requeue.unschedule(to, delivery.delivery)).toBeUndefined();
  });

  it('is refused for one that has ended', async () => {
    for (const outcome of ['success', 'failed', 'cancelled'] as const) {
      const answer = await ask('cancel', await record.delivery(await webhook(), outcome));
      expect(refused(answer)).toEqual([409, 'delivery_ended']);
      expect(answer.json).toMatchObject({ delivery_status: outcome });
    }
    expect(refused(await ask('cancel', { delivery: newId('dlv') }))).toEqual([404, 'delivery_not_found']);
  });

  it('does not stand in the way of a later retry', async () => {
    const to = await webhook();
    const delivery = await record.delivery(to, 'pending');
    await ask('cancel', delivery);
    await record.project({
      kind: 'delivery.cancelled',
      ...{ ...delivery, at: Date.now(), attempt_count: 0, reason: 'cancelled_by_user' },
    });
    expect((await ask('retry', delivery)).status).toBe(202);
    const [queued] = await record.readyFor(to, 1);
    expect(queued?.owed).toMatchObject({ attempt: 1 });
    expect(record.bus.cancellations.has(delivery.delivery, queued?.owed.owed_at)).toBe(false);
    expect(record.bus.cancellations.has(delivery.delivery, delivery.created_at)).toBe(true);
  });
});
