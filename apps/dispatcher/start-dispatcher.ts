import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus, JetStreamStrategy, type TopologySettings } from '#bus';
import { VERSION } from '#config';
import { EgressClient, type EgressPolicy } from '#egress';
import { createRegistry, nestLogger, type Logger, type RunningApp } from '#observability';
import type { Keyring } from '#signing';
import { Attempter } from './attempts/attempter.js';
import { Dispatcher } from './attempts/dispatcher.js';
import { dispatcherMetrics } from './dispatcher-metrics.js';
import { DispatcherModule } from './dispatcher.module.js';
import { LaneKeeper } from './lanes/lane-keeper.js';
import { WebhookDirectory } from './webhooks/webhook-directory.js';

export interface DispatcherOptions {
  natsUrl: string;
  topology: TopologySettings;
  egress: EgressPolicy;
  keyring: Keyring;
  /** Attempts at once. */
  concurrency: number;
  /** Where health and metrics are served. */
  host: string;
  port: number;
  logger: Logger;
}

/** Together below the ten seconds that a stop may take. */
const DRAIN_MS = 6_500;
const JOURNAL_CLOSE_MS = 2_000;

/** Starts delivering; resolves when all webhooks are known and deliveries are being taken. */
export async function startDispatcher(options: DispatcherOptions): Promise<RunningApp> {
  const { logger } = options;
  const report = (problem: string, error: unknown) => logger.warn({ err: error }, problem);
  const bus = await Bus.open({ url: options.natsUrl, name: 'tidings-dispatcher' }, options.topology);
  const client = new EgressClient(options.egress, options.concurrency);
  const journal = bus.journal('dispatcher');
  const webhooks = new WebhookDirectory(bus.webhooks, options.keyring, report);
  const lanes = new LaneKeeper(bus, journal, (id) => webhooks.isPaused(id), report);
  await webhooks.watch((webhook) => lanes.changed(webhook));
  const strategy = new JetStreamStrategy({
    bus,
    report,
    drainMs: DRAIN_MS,
    capacities: { dispatch: options.concurrency },
  });
  const registry = createRegistry('dispatcher');
  const metrics = dispatcherMetrics(registry, {
    webhooks: () => webhooks.size,
    inFlight: () => strategy.inFlight,
  });
  const attempter = new Attempter(client, `Tidings/${VERSION}`);
  const dispatcher = new Dispatcher(webhooks, attempter, bus.deliveries, bus.events, journal, metrics);
  const app = await NestFactory.create<NestFastifyApplication>(
    DispatcherModule.of({ dispatcher, ops: ['dispatcher', { nats: () => bus.ping() }, registry] }),
    new FastifyAdapter(),
    { logger: nestLogger(logger) },
  );
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.listen(options.port, options.host);
  lanes.start();
  logger.info({ webhooks: webhooks.size }, 'delivering');
  return {
    url: await app.getUrl(),
    stop: async () => {
      await Promise.all([lanes.close(), strategy.close()]);
      await journal.close(JOURNAL_CLOSE_MS);
      webhooks.close();
      await app.close();
      await bus.close();
      await client.close();
    },
  };
}
