import { deliveryRefOf, type JournalWriter, type OwedDelivery, type TestAnswer } from '#bus';
import { awaitsProof, type AttemptFinished, type AttemptRecord } from '#domain';
import { isDropped, type Attempter } from '../attempts/attempter.js';
import type { WebhookDirectory } from '../webhooks/webhook-directory.js';

/**
 * Tries webhooks out: makes one attempt at once, whatever the webhook's status
 * and pace, for somebody who waits for what comes of it. It is on record as a
 * delivery of its own, and never tried again.
 */
export class Trials {
  constructor(
    private readonly webhooks: Pick<WebhookDirectory, 'find'>,
    private readonly attempter: Attempter,
    private readonly journal: JournalWriter,
  ) {}

  /** What `TestAttempts.serve` takes: makes the attempt that is asked for. */
  readonly make = async (owed: OwedDelivery, data: Buffer): Promise<TestAnswer> => {
    const ready = await this.webhooks.find(owed.tenant, owed.webhook);
    if (!ready) return { refused: 'webhook_unknown' };
    if (awaitsProof(ready.webhook)) return { refused: 'ownership_not_proven' };
    const metadata = owed.metadata ?? null;
    const { attempt } = await this.attempter.attempt(ready, owed, { data, metadata });
    await this.tell(owed, data, attempt);
    return { attempt };
  };

  private async tell(owed: OwedDelivery, data: Buffer, attempt: AttemptRecord): Promise<void> {
    const { tenant, event, event_type, timestamp, created_at, delivery, webhook } = owed;
    const outcome = outcomeOf(attempt);
    await Promise.all([
      this.journal.append({
        kind: 'event.accepted',
        ...{ tenant, timestamp, id: event, type: event_type, accepted_at: created_at },
        data: data.toString(),
        metadata: owed.metadata ?? null,
        // It lies in no stream.
        sequence: 0,
        match_count: 1,
        matches: [{ delivery, webhook }],
      }),
      this.journal.append({
        kind: 'attempt.finished',
        ...deliveryRefOf(owed),
        attempt,
        next_attempt_at: null,
        ...outcome,
      }),
    ]);
  }
}

function outcomeOf(attempt: AttemptRecord): Pick<AttemptFinished, 'outcome' | 'reason'> {
  if (isDropped(attempt)) return { outcome: 'cancelled', reason: 'dropped_by_transform' };
  return attempt.error === null
    ? { outcome: 'success', reason: null }
    : { outcome: 'failed', reason: 'test_failed' };
}
