import 'reflect-metadata';
import { busAccessOf, egressOf, loadConfig, required, topologyOf, tracingOf, transformsOf } from '#config';
import { createLogger, runProcess } from '#observability';
import { Keyring } from '#signing';
import { startDispatcher } from './start-dispatcher.js';

await runProcess('dispatcher', () => {
  const config = loadConfig();
  return startDispatcher({
    natsUrl: required(config, 'TIDINGS_NATS_URL'),
    natsAccess: busAccessOf(config),
    topology: topologyOf(config),
    egress: egressOf(config),
    transforms: transformsOf(config),
    keyring: Keyring.parse(required(config, 'TIDINGS_ENCRYPTION_KEYS')),
    origin: config.TIDINGS_ORIGIN,
    concurrency: config.TIDINGS_DISPATCH_CONCURRENCY,
    maxDeliveryAgeHours: config.TIDINGS_MAX_DELIVERY_AGE_HOURS,
    host: config.TIDINGS_HOST,
    port: config.TIDINGS_OPS_PORT ?? 8402,
    tracing: tracingOf(config),
    logger: createLogger(config.TIDINGS_LOG_LEVEL, 'dispatcher'),
  });
});
