import { randomBytes } from 'node:crypto';
import { Bus, type OwedDelivery } from '#bus';
import { deliveryIdOf, newId, type RetryPolicy, type RoutedWebhook } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import { generateSecret, Keyring } from '#signing';
import {
  readJournal,
  routedWebhook,
  startNats,
  startReceiver,
  TOPOLOGY,
  type JournalReader,
  type Receiver,
  type TestNats,
} from '#testing';
import { startDispatcher, type DispatcherOptions } from '../start-dispatcher.js';

/** Quick, and without chance. */
export const QUICK_RETRY: RetryPolicy = {
  enabled: true,
  count: 2,
  strategy: 'fixed',
  initial_delay_seconds: 1,
  factor: 1,
  max_delay_seconds: 1,
  jitter: 0,
  schedule_seconds: [],
};

export interface TestDispatcher {
  nats: TestNats;
  bus: Bus;
  receiver: Receiver;
  journal: JournalReader;
  keyring: Keyring;
  options: DispatcherOptions;
  app: RunningApp;
  /** A webhook at a path of its own, announced; with its secret in clear. */
  webhook(change?: Partial<RoutedWebhook>): Promise<RoutedWebhook & { path: string; secret: string }>;
  /** Owes the webhook an event. */
  owe(webhook: RoutedWebhook, data?: string, change?: Partial<OwedDelivery>): Promise<OwedDelivery>;
  /** Stops the dispatcher and its servers. */
  stop(): Promise<void>;
}

/** A dispatcher in this process, on a NATS server and a receiver of its own. */
export async function startTestDispatcher(): Promise<TestDispatcher> {
  const [nats, receiver] = await Promise.all([startNats(), startReceiver()]);
  const bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  const keyring = Keyring.parse(`k1:${randomBytes(32).toString('base64')}`);
  const options: DispatcherOptions = {
    natsUrl: nats.url,
    topology: TOPOLOGY,
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' },
    keyring,
    transforms: { processes: 2, timeoutMs: 500 },
    concurrency: 64,
    maxDeliveryAgeHours: 720,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'dispatcher'),
  };
  const test: TestDispatcher = {
    nats,
    bus,
    receiver,
    keyring,
    options,
    journal: await readJournal(bus),
    app: await startDispatcher(options),
    webhook: async (change = {}) => {
      const id = newId('wh');
      const tenant = change.tenant ?? 'acme';
      const secret = generateSecret();
      const webhook = routedWebhook({
        id,
        tenant,
        url: `${receiver.url}/${id}`,
        retry: QUICK_RETRY,
        secrets: [keyring.seal(secret, { tenant, webhook: id, purpose: 'signing' })],
        ...change,
      });
      await bus.webhooks.put(webhook);
      return { ...webhook, path: `/${id}`, secret };
    },
    owe: async (webhook, data = '{"n":1}', change = {}) => {
      const event = newId('evt');
      const created_at = Date.now();
      const owed: OwedDelivery = {
        delivery: deliveryIdOf(event, webhook.id, created_at),
        tenant: webhook.tenant,
        event,
        event_type: 'order.created',
        timestamp: '2026-11-22T09:00:00.000Z',
        webhook: webhook.id,
        created_at,
        owed_at: created_at,
        attempt: 1,
        trigger: 'auto',
        sequence: 1,
        by_reference: false,
        ...change,
      };
      await bus.deliveries.owe(owed, Buffer.from(data), webhook.ordered);
      return owed;
    },
    stop: async () => {
      await test.app.stop();
      await test.journal.stop();
      await bus.close();
      await Promise.all([nats.stop(), receiver.stop()]);
    },
  };
  return test;
}
