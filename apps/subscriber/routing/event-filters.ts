import type { DomainEvent, RoutedWebhook } from '#domain';
import { compileFilter, passes, type Condition, type FilterSubject } from '#payload';

/**
 * Asks the filters of webhooks. A filter is compiled once for each version of
 * its webhook, which is one object in the routing table, and forgotten with it.
 */
export class EventFilters {
  private readonly compiled = new WeakMap<RoutedWebhook, Condition | null>();

  /** The webhooks whose filters an event passes. It is parsed once, and only when one of them has a filter. */
  select(candidates: readonly RoutedWebhook[], event: DomainEvent): readonly RoutedWebhook[] {
    if (candidates.every((webhook) => !webhook.filter)) return candidates;
    const subject: FilterSubject = {
      type: event.type,
      data: JSON.parse(event.data) as unknown,
      metadata: event.metadata === null ? null : (JSON.parse(event.metadata) as unknown),
    };
    return candidates.filter((webhook) => {
      if (!webhook.filter) return true;
      const condition = this.conditionOf(webhook);
      return condition !== null && passes(condition, subject);
    });
  }

  /**
   * Null for a filter that this version of Tidings cannot read, which a newer
   * one wrote: nothing passes it, for a receiver must not get what its filter
   * may keep from it.
   */
  private conditionOf(webhook: RoutedWebhook): Condition | null {
    const known = this.compiled.get(webhook);
    if (known !== undefined) return known;
    const compiled = compileFilter(webhook.filter);
    const condition = compiled.ok ? compiled.condition : null;
    this.compiled.set(webhook, condition);
    return condition;
  }
}
