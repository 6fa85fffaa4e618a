import 'reflect-metadata';
import {
  busAccessOf,
  databaseUrlOf,
  loadConfig,
  loadSources,
  mailOf,
  topologyOf,
  required,
  tracingOf,
} from '#config';
import { createLogger, runProcess } from '#observability';
import { startSubscriber } from './start-subscriber.js';

await runProcess('subscriber', () => {
  const config = loadConfig();
  return startSubscriber({
    natsUrl: required(config, 'TIDINGS_NATS_URL'),
    natsAccess: busAccessOf(config),
    databaseUrl: databaseUrlOf(config),
    topology: topologyOf(config),
    sources: loadSources(config.TIDINGS_SOURCES),
    host: config.TIDINGS_HOST,
    port: config.TIDINGS_OPS_PORT ?? 8401,
    mail: mailOf(config),
    tracing: tracingOf(config),
    logger: createLogger(config.TIDINGS_LOG_LEVEL, 'subscriber'),
  });
});
