import type { AttemptFinished, DeliveryCancelled, Fact } from '../journal/facts.js';
import { mayGiveOperationalEvents, operationalEventOfFact } from './event-of-fact.js';
import { operationalEventOfDecision, operationalEventOfRecovery } from './event-of-decision.js';
import { operationalReceivers } from './receivers.js';
import { routedWebhook } from '#testing';

const AT = Date.UTC(2026, 0, 31, 12);
const ref = {
  ...{ tenant: 'acme', delivery: 'dlv_1', event: 'evt_1', event_type: 'order.paid', webhook: 'wh_1' },
  created_at: AT,
};
const finished = (
  change: Partial<AttemptFinished> = {},
  trigger: 'auto' | 'test' = 'auto',
): AttemptFinished => ({
  kind: 'attempt.finished',
  ...ref,
  attempt: {
    ...{ id: 'att_1', number: 4, trigger, started_at: AT + 1_000, duration_ms: 500 },
    request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
    response: { status: 503, headers: {}, body: 'no', truncated: false },
    error: { kind: 'http_status', message: 'answered 503' },
  },
  ...{ outcome: 'failed', next_attempt_at: null, reason: 'retries_exhausted' },
  ...change,
});
const cancelled = (reason: string, change: Partial<DeliveryCancelled> = {}): DeliveryCancelled => ({
  ...{ kind: 'delivery.cancelled', ...ref, at: AT, attempt_count: 2, reason },
  ...change,
});
const about = { tenant: 'acme', webhook: 'wh_1', at: AT };

describe('the operational event of a fact', () => {
  it.each<[string, Fact, string | undefined]>([
    ['a delivery that failed for good', finished(), 'tidings.delivery.exhausted'],
    ['one that will be retried', finished({ outcome: 'retrying' }), undefined],
    ['one that succeeded', finished({ outcome: 'success' }), undefined],
    ['one that was cancelled meanwhile', finished({ outcome: 'cancelled' }), undefined],
    ['a test that failed', finished({}, 'test'), undefined],
    ['an operational one that failed', finished({ event_type: 'tidings.circuit.opened' }), undefined],
    ['one that was too old', cancelled('expired'), 'tidings.delivery.exhausted'],
    ['an operational one that was', cancelled('expired', { event_type: 'tidings.x' }), undefined],
    ['one that a person cancelled', cancelled('cancelled_by_person'), undefined],
    [
      'a circuit that opened',
      { kind: 'circuit.opened', ...about, failures: 10, probe_at: AT + 30_000 },
      'tidings.circuit.opened',
    ],
    ['a circuit that closed', { kind: 'circuit.closed', ...about }, 'tidings.circuit.closed'],
    [
      'a refusal, which the ledger tells',
      { kind: 'webhook.refused', ...about, reason: 'receiver_gone' },
      undefined,
    ],
  ])('%s', (_title, fact, type) => {
    const event = operationalEventOfFact(fact);
    expect(event?.type).toBe(type);
    // What is passed over unread gives none.
    if (event) expect(mayGiveOperationalEvents(Buffer.from(JSON.stringify([fact])))).toBe(true);
    expect(
      mayGiveOperationalEvents(Buffer.from(JSON.stringify([finished({ outcome: 'success', reason: null })]))),
    ).toBe(false);
  });

  it('says which delivery, of what, after how many attempts, and what the last came to', () => {
    expect(operationalEventOfFact(finished())).toMatchObject({
      ...{ tenant: 'acme', timestamp: '2026-01-31T12:00:01.500Z' },
      data: {
        ...{ webhook_id: 'wh_1', delivery_id: 'dlv_1', event_id: 'evt_1', event_type: 'order.paid' },
        ...{ attempt_count: 4, reason: 'retries_exhausted', status_code: 503 },
        last_error: { kind: 'http_status', message: 'answered 503' },
        exhausted_at: '2026-01-31T12:00:01.500Z',
      },
    });
  });

  it('is the same when a crash has the end told twice, and another when people brought the delivery back', () => {
    const told = finished();
    const again = { ...told, attempt: { ...told.attempt, id: 'att_2', started_at: AT + 60_000 } };
    expect(operationalEventOfFact(again)?.id).toBe(operationalEventOfFact(told)?.id);
    expect(operationalEventOfFact({ ...again, owed_at: AT + 50_000 })?.id).not.toBe(
      operationalEventOfFact(told)?.id,
    );
  });
});

describe('the operational event of a decision', () => {
  const decided = {
    seq: 7,
    tenant: 'acme',
    webhook: 'wh_1',
    at: AT,
    was_disabled: false,
    failing_since: null,
  };

  it('that Tidings switched a webhook off says why and since when it failed', () => {
    const data = { reason: 'failing' as const };
    const event = operationalEventOfDecision({
      ...decided,
      type: 'webhook.disabled',
      data,
      failing_since: AT - 1,
    });
    expect(event).toMatchObject({
      type: 'tidings.webhook.disabled',
      data: { reason: 'failing', failing_since: '2026-01-31T11:59:59.999Z' },
    });
  });

  it('that a person resumed it is told where it was disabled, not where it was paused', () => {
    const resumed = { ...decided, type: 'webhook.resumed' as const, data: {} };
    expect(operationalEventOfDecision(resumed)).toBeUndefined();
    expect(operationalEventOfDecision({ ...resumed, was_disabled: true })?.type).toBe(
      'tidings.webhook.enabled',
    );
  });

  it('follows from its entry in the ledger, as that of a recovery from the trouble', () => {
    const paused = { ...decided, type: 'webhook.disabled' as const, data: { reason: 'idle' as const } };
    expect(operationalEventOfDecision(paused)?.id).toBe(operationalEventOfDecision(paused)?.id);
    expect(operationalEventOfDecision({ ...paused, seq: 8 })?.id).not.toBe(
      operationalEventOfDecision(paused)?.id,
    );
    const recovery = {
      tenant: 'acme',
      webhook: 'wh_1',
      from: 'disabled' as const,
      since: AT,
      last_trouble_at: AT,
    };
    const [first, second] = [1, 2].map((s) =>
      operationalEventOfRecovery({ ...recovery, recovered_at: AT + s }),
    );
    expect(first?.id).toBe(second?.id);
  });
});

describe('an operational event', () => {
  const [ops, plain] = [routedWebhook({ event_types: ['tidings.>'] }), routedWebhook({ event_types: ['*'] })];
  const known = (id: string) => [ops, plain].find((each) => each.id === id);
  const of = (id: string) => JSON.stringify({ webhook_id: id });

  it('of a circuit is owed to all that listen, but to nobody where the webhook itself gets operational events', () => {
    expect(operationalReceivers('tidings.circuit.opened', of(plain.id), [ops], known)).toEqual([ops]);
    expect(operationalReceivers('tidings.circuit.opened', of(ops.id), [ops], known)).toEqual([]);
    expect(operationalReceivers('tidings.circuit.closed', of(ops.id), [ops], known)).toEqual([]);
    expect(operationalReceivers('tidings.circuit.closed', of('wh_gone'), [ops], known)).toEqual([ops]);
  });

  it('of another kind is owed to all that listen', () => {
    expect(operationalReceivers('tidings.webhook.disabled', of(ops.id), [ops], known)).toEqual([ops]);
  });
});
