import 'reflect-metadata';
import {
  busAccessOf,
  databaseUrlOf,
  egressOf,
  loadConfig,
  required,
  tlsOf,
  topologyOf,
  tracingOf,
} from '#config';
import { createLogger, runProcess } from '#observability';
import { startAdminApi } from './start-admin-api.js';

await runProcess('admin-api', () => {
  const config = loadConfig();
  return startAdminApi({
    natsUrl: required(config, 'TIDINGS_NATS_URL'),
    natsAccess: busAccessOf(config),
    databaseUrl: databaseUrlOf(config),
    topology: topologyOf(config),
    owedForHours: config.TIDINGS_MAX_DELIVERY_AGE_HOURS,
    egress: egressOf(config),
    operatorKey: required(config, 'TIDINGS_OPERATOR_KEY'),
    requestsPerSecond: config.TIDINGS_API_RATE_LIMIT,
    encryptionKeys: required(config, 'TIDINGS_ENCRYPTION_KEYS'),
    host: config.TIDINGS_HOST,
    port: config.TIDINGS_PORT,
    tls: tlsOf(config),
    corsOrigins: config.TIDINGS_CORS_ORIGINS,
    trustProxy: config.TIDINGS_TRUST_PROXY,
    tracing: tracingOf(config),
    logger: createLogger(config.TIDINGS_LOG_LEVEL, 'admin-api'),
  });
});
