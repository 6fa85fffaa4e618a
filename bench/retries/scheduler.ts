import { Bus, type OwedDelivery } from '#bus';
import { loadConfig, topologyOf } from '#config';
import { deliveryIdOf } from '#domain';

/**
 * Schedules retries as the dispatcher does, as a process of its own. They are
 * spread evenly over webhooks and over the time in which they come due.
 * Arguments: NATS URL, prefix of the event ids, retries, when the first and
 * when the last is due (milliseconds since 1970), the webhooks' ids (JSON).
 * An event's id is `<prefix>-<number>-<milliseconds since 1970 when due>`.
 */
const [url = '', prefix = '', count = '0', from = '0', to = '0', ids = '[]'] = process.argv.slice(2);

const WINDOW = 1_000;
const PAYLOAD = Buffer.from(JSON.stringify({ text: 'x'.repeat(520) }));

const bus = await Bus.open({ url, name: 'bench' }, topologyOf(loadConfig()));
const webhooks = JSON.parse(ids) as string[];
const total = Number(count);
const perRetry = (Number(to) - Number(from)) / total;

function schedule(number: number): Promise<unknown> {
  const due = Math.round(Number(from) + number * perRetry);
  const event = `${prefix}-${number}-${due}`;
  const webhook = webhooks[number % webhooks.length] ?? '';
  const now = Date.now();
  const owed: OwedDelivery = {
    delivery: deliveryIdOf(event, webhook, now),
    tenant: 'default',
    event,
    event_type: 'retries',
    timestamp: new Date(now).toISOString(),
    webhook,
    created_at: now,
    owed_at: now,
    attempt: 2,
    trigger: 'auto',
    sequence: number + 1,
    by_reference: false,
  };
  return bus.deliveries.later(owed, PAYLOAD, due);
}

process.send?.({});
let next = 0;
await Promise.all(
  Array.from({ length: WINDOW }, async () => {
    while (next < total) await schedule(next++);
  }),
);
await bus.close();
process.disconnect?.();
