import fc from 'fast-check';
import { deliveryIdOf, type AttemptRecord, type DeliveryRef, type Fact } from '#domain';
import { accepted, attempt, finished, rejected } from '../../record/testing/facts-for-tests.js';

const HOUR_MS = 3_600_000;
/** Some of it is older than minutes are kept. */
const LATEST_HOURS_AGO = 80;

const step = fc.record({
  what: fc.constantFrom(
    ...(['retrying', 'failed', 'success', 'aborted', 'dropped', 'transform'] as const),
    ...(['held', 'sending', 'brought_back', 'cancelled'] as const),
  ),
  number: fc.integer({ min: 1, max: 3 }),
  /** Since the step before, milliseconds. */
  after: fc.constantFrom(0, 20, 900, 70_000, 5 * HOUR_MS),
  duration: fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 300_000 })),
  trigger: fc.constantFrom('auto', 'auto', 'manual', 'test'),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const event = fc.record({
  tenant: fc.constantFrom('acme', 'globex'),
  type: fc.constantFrom('order.paid', 'order.sent'),
  hoursAgo: fc.integer({ min: 0, max: LATEST_HOURS_AGO }),
  minute: fc.constantFrom(0, 1, 59),
  ms: fc.integer({ min: 0, max: 59_999 }),
  rejected: fc.boolean(),
  deliveries: fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 3 }),
});

/** What data planes that crash and do things again may tell of some events. */
export const histories: fc.Arbitrary<Fact[]> = fc
  .array(event, { minLength: 1, maxLength: 8 })
  .map((events) => {
    const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    return events.flatMap(({ tenant, type, hoursAgo, minute, ms, deliveries, ...more }, i): Fact[] => {
      const at = hour - (hoursAgo + 1) * HOUR_MS + minute * 60_000 + ms;
      const id = `evt_${i}`;
      if (more.rejected) return [rejected({ tenant, type, id, accepted_at: at })];
      const refs = deliveries.map((_, w): DeliveryRef => {
        const webhook = `wh_${tenant}_${w}`;
        const delivery = deliveryIdOf(`${tenant}/${id}`, webhook, at);
        return { tenant, delivery, event: id, event_type: type, webhook, created_at: at };
      });
      const matches = refs.map(({ delivery, webhook }) => ({ delivery, webhook }));
      const known = accepted({ tenant, type, id, accepted_at: at, matches, match_count: matches.length });
      return [known, ...deliveries.flatMap((steps, w) => told(refs[w] as DeliveryRef, steps, `${i}_${w}`))];
    });
  });

function told(ref: DeliveryRef, steps: Step[], name: string): Fact[] {
  let at = ref.created_at;
  return steps.map(({ what, number, after, duration, trigger }, i): Fact => {
    at += after + i;
    const made = (status: number | null, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
      ...attempt(number, status, at, `att_${name}_${i}`),
      ...{ started_at: at, duration_ms: duration, trigger: trigger },
      ...more,
    });
    const count = { at, attempt_count: number - 1 };
    switch (what) {
      case 'held':
        return { kind: 'delivery.held', ...ref, ...count, reason: 'webhook_paused' };
      case 'sending':
        return { kind: 'delivery.sending', ...ref, ...count };
      case 'cancelled':
        return { kind: 'delivery.cancelled', ...ref, ...count, reason: 'cancelled_by_user' };
      case 'brought_back':
        return {
          kind: 'delivery.brought_back',
          ...{ ...ref, owed_at: at, trigger: 'manual', attempt_count: number - 1 },
        };
      case 'dropped':
        return finished(ref, made(204, { response: null, error: null }), 'cancelled');
      case 'transform':
        return finished(ref, made(null, { error: { kind: 'transform', message: 'no' } }), 'retrying');
      case 'aborted':
        return finished(ref, made(500), 'failed');
      case 'success':
        return finished(ref, made(number === 2 ? 204 : 200), 'success');
      case 'retrying':
      case 'failed':
        return finished(ref, made(number === 2 ? null : 503), what);
    }
  });
}
