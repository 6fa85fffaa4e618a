import { Body, Post } from '@nestjs/common';
import { isEventId } from '#domain';
import { CallerOf, type Caller } from '../access/caller.js';
import { Answers, Resource } from '../openapi/resource.js';
import { problemOf } from '../problems/problem-of.js';
import { WebhookChanges } from './webhook-changes.js';
import { bulkDeletion, webhookIds, type WebhookIds } from './webhook-schemas.js';

/** Deletions at once: each is a transaction of its own. */
const AT_ONCE = 4;

/** Many webhooks deleted by one request, each for itself. */
@Resource('webhooks')
export class WebhookDeletionsController {
  constructor(private readonly changes: WebhookChanges) {}

  @Post('bulk-delete')
  @Answers(200, 'What happened to each webhook, in the order of the ids', bulkDeletion)
  async bulkDelete(@CallerOf() caller: Caller, @Body({ schema: webhookIds }) { ids }: WebhookIds) {
    const outcomes = new Map<string, string | null>();
    const waiting = [...new Set(ids)].values();
    const work = async () => {
      for (const id of waiting) outcomes.set(id, await this.deleteOne(caller, id));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return {
      data: [...new Set(ids)].map((id) => {
        const code = outcomes.get(id) ?? null;
        return { id, deleted: code === null, code };
      }),
    };
  }

  /** @returns the code of the problem that kept it from being deleted; null when it is deleted */
  private async deleteOne(caller: Caller, id: string): Promise<string | null> {
    // What no id can look like is not there, and is not asked for either.
    if (!isEventId(id)) return 'webhook_not_found';
    try {
      await this.changes.delete(caller, id);
      return null;
    } catch (error) {
      const problem = problemOf(error);
      // The ids that are left would fare no better, and the caller is told so.
      if (problem.status >= 500) throw error;
      return problem.code;
    }
  }
}
