import type { Flow } from '../processes/publisher.js';
import type { System } from '../processes/system.js';

/** Webhooks of one kind; each listens to an event type of its own. */
export interface Group {
  name: string;
  webhooks: number;
  /** Events a second, over all of them. */
  rate: number;
  /** What their definitions have besides name, URL and event type. */
  definition?: object;
}

/** With what measuring needs, more than half of a machine of two cores. */
export const HEALTHY: Group = { name: 'healthy', webhooks: 200, rate: 800 };
export const DEAD: Group = { name: 'dead', webhooks: 20, rate: 40 };
export const SLOW: Group = { name: 'slow', webhooks: 20, rate: 40 };
export const BACKLOG: Group = { name: 'backlog', webhooks: 5, rate: 50 };
/** Twice as many events as they may get. */
export const LIMITED: Group = {
  name: 'limited',
  webhooks: 5,
  rate: 100,
  definition: { rate_limit: { limit: 10, period_seconds: 1 } },
};

/** As many events as those of all the troubled ones, for webhooks that answer: what more traffic alone does. */
export const OTHERS: Group = { name: 'others', webhooks: 50, rate: 230 };

/** @returns the ids */
export async function create(system: System, group: Group, url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < group.webhooks; n++)
    ids.push(
      await system.createWebhook({
        name: `${group.name} ${n}`,
        url,
        event_types: [`${group.name}.t${n}`],
        ...group.definition,
      }),
    );
  return ids;
}

/** The group's events at its rate, for so many seconds. */
export function steadily(group: Group, seconds: number): Flow {
  const { name, webhooks, rate } = group;
  return { type: name, types: webhooks, count: rate * seconds, rate };
}
