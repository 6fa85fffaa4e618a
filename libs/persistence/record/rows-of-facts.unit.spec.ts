import fc from 'fast-check';
import type { Fact } from '#domain';
import { accepted, attempt, delivery, finished, MORNING, rejected } from './testing/facts-for-tests.js';
import { rowsOfFacts, type DeliveryJson } from './rows-of-facts.js';

const only = delivery();
const statesOf = (...facts: Fact[]) => rowsOfFacts(facts).deliveries;
const stateOf = (...facts: Fact[]): DeliveryJson | undefined => statesOf(...facts)[0];
const match = { delivery: only.delivery, webhook: only.webhook };
const broughtBack = (owed_at: number, attempt_count: number): Fact => ({
  kind: 'delivery.brought_back',
  ...{ ...only, owed_at, trigger: 'manual', attempt_count },
});

describe('the rows that facts make', () => {
  it('an accepted event is an event and a pending delivery for each match', () => {
    const other = delivery('evt_1', 'wh_2');
    const rows = rowsOfFacts([
      accepted({ matches: [match, { delivery: other.delivery, webhook: 'wh_2' }], match_count: 2 }),
    ]);
    expect(rows.events).toEqual([
      expect.objectContaining({ id: 'evt_1', status: 'accepted', match_count: 2, reason: null }),
    ]);
    expect(rows.deliveries.map(({ webhook_id, status }) => [webhook_id, status]).sort()).toEqual([
      ['wh_1', 'pending'],
      ['wh_2', 'pending'],
    ]);
    expect([...rows.times]).toEqual([MORNING]);
  });

  it('an unreadable message is an event with its reason and what came of it, as JSON', () => {
    const [row] = rowsOfFacts([rejected({ excerpt: 'a "quoted" \ufffd' })]).events;
    expect(row).toMatchObject({ status: 'rejected', reason: 'not_json', match_count: 0 });
    expect(JSON.parse(row?.data ?? '')).toBe('a "quoted" \ufffd');
  });

  it('a delivery that begins and ends within a batch is one row, in its last state', () => {
    const facts = [
      accepted({ matches: [match] }),
      finished(only, attempt(1, 500, MORNING + 10), 'retrying'),
      finished(only, attempt(2, 204, MORNING + 1_100), 'success'),
    ];
    expect(statesOf(...facts)).toEqual([
      expect.objectContaining({
        status: 'success',
        attempt_count: 2,
        status_code: 204,
        completed_at: MORNING + 1_100,
        next_attempt_at: null,
      }),
    ]);
    expect(rowsOfFacts(facts).attempts).toHaveLength(2);
  });

  it('the same attempt told twice is one attempt', () => {
    const fact = finished(only, attempt(1, 204, MORNING + 10), 'success');
    expect(rowsOfFacts([fact, fact]).attempts).toHaveLength(1);
  });

  it.each<[string, Fact, Fact, Partial<DeliveryJson>]>([
    [
      'a success outweighs a failure of the same attempt, though it ended sooner',
      finished(only, attempt(1, 204, MORNING + 10), 'success'),
      finished(only, attempt(1, null, MORNING + 9_000, 'att_again'), 'failed'),
      { status: 'success', status_code: 204 },
    ],
    [
      'a success outweighs a retry of the same attempt',
      finished(only, attempt(1, 204, MORNING + 10), 'success'),
      finished(only, attempt(1, 503, MORNING + 9_000, 'att_again'), 'retrying'),
      { status: 'success', next_attempt_at: null },
    ],
    [
      'an attempt made again after a crash, and taken, ends the delivery although its retry failed meanwhile',
      finished(only, attempt(2, 503, MORNING + 2_000), 'retrying'),
      finished(only, attempt(1, 204, MORNING + 15_000, 'att_again'), 'success'),
      { status: 'success', attempt_count: 1, next_attempt_at: null },
    ],
    [
      'a later attempt outweighs an earlier one that was told later',
      finished(only, attempt(2, 500, MORNING + 2_000), 'retrying'),
      finished(only, attempt(1, 500, MORNING + 20_000), 'retrying'),
      { status: 'retrying', attempt_count: 2 },
    ],
    [
      'a delivery that was held after an attempt is still at that attempt',
      finished(only, attempt(1, 500, MORNING + 10), 'retrying'),
      {
        kind: 'delivery.held',
        ...only,
        at: MORNING + 1_100,
        attempt_count: 1,
        reason: 'webhook_paused',
      },
      { status: 'retrying', attempt_count: 1, reason: 'webhook_paused' },
    ],
    [
      'a delivery whose retry takes long is being sent, and no longer says when it is due',
      finished(only, attempt(1, 500, MORNING + 10), 'retrying'),
      { kind: 'delivery.sending', ...only, at: MORNING + 6_100, attempt_count: 1 },
      { status: 'sending', attempt_count: 1, next_attempt_at: null, reason: null },
    ],
    [
      'a delivery whose attempt took long is what the attempt brought, whenever either is told',
      { kind: 'delivery.sending', ...only, at: MORNING + 9_000, attempt_count: 0 },
      finished(only, attempt(1, 500, MORNING + 9), 'failed'),
      { status: 'failed', attempt_count: 1 },
    ],
    [
      'a delivery that is cancelled while it is being sent is cancelled',
      { kind: 'delivery.sending', ...only, at: MORNING + 9_000, attempt_count: 0 },
      {
        kind: 'delivery.cancelled',
        ...only,
        at: MORNING + 8_000,
        attempt_count: 0,
        reason: 'cancelled_by_user',
      },
      { status: 'cancelled' },
    ],
    [
      'a delivery that was brought back is owed again, as its next attempt',
      finished(only, attempt(3, 500, MORNING + 10), 'failed'),
      broughtBack(MORNING + 9_000, 3),
      { status: 'retrying', attempt_count: 3, completed_at: null, reason: null, owed_at: MORNING + 9_000 },
    ],
    [
      'a delivery that was brought back before any attempt is pending again',
      { kind: 'delivery.cancelled', ...only, at: MORNING + 9, attempt_count: 0, reason: 'cancelled_by_user' },
      broughtBack(MORNING + 10, 0),
      { status: 'pending', completed_at: null, reason: null },
    ],
    [
      'a delivery that was brought back and waits in a lane says so, whenever either is told',
      broughtBack(MORNING + 9_000, 1),
      {
        kind: 'delivery.held',
        ...only,
        owed_at: MORNING + 9_000,
        at: MORNING + 9_005,
        attempt_count: 1,
        reason: 'webhook_paused',
      },
      { status: 'retrying', reason: 'webhook_paused', owed_at: MORNING + 9_000 },
    ],
    [
      'a delivery that was brought back and cancelled again is over',
      broughtBack(MORNING + 9_000, 1),
      {
        kind: 'delivery.cancelled',
        ...only,
        owed_at: MORNING + 9_000,
        at: MORNING + 9_500,
        attempt_count: 1,
        reason: 'cancelled_by_user',
      },
      { status: 'cancelled', owed_at: MORNING + 9_000 },
    ],
    [
      'what ended a delivery before it was brought back does not end it afterwards, though it is told of later',
      broughtBack(MORNING + 9_000, 1),
      {
        kind: 'delivery.cancelled',
        ...only,
        at: MORNING + 9_500,
        attempt_count: 1,
        reason: 'webhook_disabled',
      },
      { status: 'retrying', owed_at: MORNING + 9_000 },
    ],
    [
      'the attempt of a delivery that was brought back tells since when it is owed, though nobody else did',
      finished(only, attempt(1, 500, MORNING + 10), 'failed'),
      finished({ ...only, owed_at: MORNING + 9_000 }, attempt(2, 500, MORNING + 9_010), 'retrying'),
      { status: 'retrying', attempt_count: 2, owed_at: MORNING + 9_000 },
    ],
    [
      'a delivery that succeeded and was brought back stays a success',
      finished(only, attempt(1, 204, MORNING + 10), 'success'),
      broughtBack(MORNING + 9_000, 1),
      { status: 'success', completed_at: MORNING + 10 },
    ],
    [
      'a delivery whose fact says that it is owed since it was accepted was never brought back',
      finished({ ...only, owed_at: MORNING }, attempt(1, 503, MORNING + 10), 'retrying'),
      accepted({ matches: [match] }),
      { status: 'retrying', owed_at: null },
    ],
    [
      'a cancelled delivery is over, and says why',
      accepted({ matches: [match] }),
      { kind: 'delivery.cancelled', ...only, at: MORNING + 9, attempt_count: 0, reason: 'webhook_deleted' },
      { status: 'cancelled', reason: 'webhook_deleted', completed_at: MORNING + 9 },
    ],
    [
      'a delivery that an attempt cancelled is over at the end of the attempt, and says why',
      finished(only, attempt(1, 503, MORNING + 10), 'retrying'),
      finished(only, attempt(2, 500, MORNING + 2_000), 'cancelled'),
      {
        status: 'cancelled',
        reason: 'receiver_aborted',
        attempt_count: 2,
        status_code: 500,
        next_attempt_at: null,
        completed_at: MORNING + 2_000,
      },
    ],
    [
      'a delivery that an attempt cancelled stays so when the retry of the same attempt is told after it',
      finished(only, attempt(1, 410, MORNING + 10), 'cancelled'),
      finished(only, attempt(1, 503, MORNING + 9_000, 'att_again'), 'retrying'),
      { status: 'cancelled', status_code: 410 },
    ],
  ])('%s', (_title, one, other, expected) => {
    expect(stateOf(one, other)).toMatchObject(expected);
    expect(stateOf(other, one)).toEqual(stateOf(one, other));
  });

  it('are the same whatever the order of the facts', () => {
    const facts = [
      accepted({ matches: [match] }),
      rejected(),
      finished(only, attempt(1, 500, MORNING + 10), 'retrying'),
      finished(only, attempt(2, 500, MORNING + 1_100), 'retrying'),
      finished(only, attempt(3, 500, MORNING + 3_100), 'failed'),
      finished(only, attempt(3, 200, MORNING + 3_000, 'att_again'), 'success'),
    ];
    const expected = rowsOfFacts(facts);
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: facts.length }), (shuffled) => {
        const rows = rowsOfFacts(shuffled);
        expect(rows.deliveries).toEqual(expected.deliveries);
        expect(new Set(rows.attempts)).toEqual(new Set(expected.attempts));
        expect(new Set(rows.events)).toEqual(new Set(expected.events));
      }),
    );
  });
});
