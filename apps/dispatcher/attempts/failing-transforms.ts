import type { RoutedWebhook, WebhookId } from '#domain';

/** A webhook whose transform fails so often in a row is disabled. */
export const FAILURES_TO_DISABLE = 20;

/**
 * Counts the runs in a row in which a webhook's transform failed. A webhook is
 * attempted by its home alone, so the count is there; where its home changes it
 * begins anew.
 */
export class FailingTransforms {
  private readonly failing = new Map<WebhookId, { version: number; runs: number }>();

  /** @returns whether the webhook is to be disabled now; said once in so many runs */
  note({ id, version }: Pick<RoutedWebhook, 'id' | 'version'>, sign: 'ok' | 'failed'): boolean {
    if (sign === 'ok') {
      this.failing.delete(id);
      return false;
    }
    const known = this.failing.get(id);
    const runs = known?.version === version ? known.runs + 1 : 1;
    if (runs < FAILURES_TO_DISABLE) this.failing.set(id, { version, runs });
    else this.failing.delete(id);
    return runs >= FAILURES_TO_DISABLE;
  }
}
