import { Get } from '@nestjs/common';
import { Bus } from '#bus';
import { WebhookNotFound } from '#domain';
import { attemptRates, DataSource, findWebhook, findWebhookActivity } from '#persistence';
import { CallerOf, type Caller } from '../../access/caller.js';
import { found } from '../../http/found.js';
import { PathId } from '../../http/path-id.js';
import { Answers, Resource } from '../../openapi/resource.js';
import { webhookHealth } from './health-schemas.js';
import { healthViewOf } from './health-view.js';

const HOUR_MS = 3_600_000;
/** The rest of a webhook's health is worth telling while NATS is away. */
const NATS_WITHIN_MS = 2_000;

/** How a webhook fares. */
@Resource('webhooks')
export class WebhookHealthController {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
  ) {}

  @Get(':id/health')
  @Answers(200, 'How the webhook fares', webhookHealth, ['webhook_not_found'])
  async health(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const row = await findWebhook(this.database, tenant, id);
    const webhook = found(row, () => new WebhookNotFound(id));
    const now = Date.now();
    const [activity, rates, breaker, laneLength] = await Promise.all([
      findWebhookActivity(this.database, tenant, id),
      attemptRates(this.database, tenant, id, new Date(now - HOUR_MS)),
      ifThere(this.bus.breakers.load(id).then((open) => open ?? null)),
      ifThere(this.bus.lanes.length(id)),
    ]);
    return healthViewOf({ webhook, activity, rates, breaker, laneLength }, now);
  }
}

/** What NATS says; undefined when it does not in time. */
async function ifThere<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), NATS_WITHIN_MS).unref();
  });
  return Promise.race([asked.catch(() => undefined), late]);
}
