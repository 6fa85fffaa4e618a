import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server as HttpsServer } from 'node:https';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Bus, type BusAccess, type TopologySettings } from '#bus';
import { AddressGuard, type EgressPolicy } from '#egress';
import {
  createRegistry,
  logConnection,
  reportTo,
  nestLogger,
  startTracing,
  type Logger,
  type RunningApp,
  type TracingSettings,
} from '#observability';
import { isUnavailable, migrate, openDatabase, type DataSource } from '#persistence';
import { Keyring } from '#signing';
import { KeyDirectory } from './access/key-directory.js';
import { KeyUse } from './access/key-use.js';
import { OperatorKey } from './access/operator-key.js';
import { TenantDirectory } from './access/tenant-directory.js';
import { adminApiMetrics, certificateMetric } from './admin-api-metrics.js';
import { AdminApiModule } from './admin-api.module.js';
import { openToOrigins } from './http/cross-origin.js';
import { acceptJsonBodies, MAX_BODY_BYTES } from './http/json-body.js';
import { countRequests } from './http/request-metrics.js';
import { nameRequests } from './http/request-id.js';
import { putSecurityHeaders, sendSecurityHeaders } from './http/security-headers.js';
import { limitConnections, limitsOfServer, SERVER_LIMITS, type ServerLimits } from './http/server-limits.js';
import { keepTlsRenewed, LOWEST_TLS, readTls, type TlsFiles } from './http/tls.js';
import { traceRequests } from './http/trace-of-request.js';
import { serveOpenApi } from './openapi/document.js';
import { sendProblem } from './problems/problem-filter.js';
import { problemOf } from './problems/problem-of.js';
import { feedMetrics } from './live-feed/feed-metrics.js';
import { LiveFeed } from './live-feed/live-feed.js';
import { LedgerRelay } from './relay/ledger-relay.js';
import { StreamAgesKeeper } from './retention/stream-ages-keeper.js';
import { proveKeys } from './webhooks/prove-keys.js';
import { acceptYamlBodies } from './yaml/yaml-body.js';

export interface AdminApiOptions {
  natsUrl: string;
  /** Files that say who we are to NATS, where the URL does not. */
  natsAccess?: BusAccess;
  databaseUrl: string;
  topology: TopologySettings;
  /** For how long a delivery may be owed, hours. */
  owedForHours: number;
  egress: EgressPolicy;
  operatorKey: string;
  /** That one key may make, on this replica. */
  requestsPerSecond: number;
  /** The value of TIDINGS_ENCRYPTION_KEYS. */
  encryptionKeys: string;
  host: string;
  port: number;
  logger: Logger;
  /** Where the certificate is; without it plain http is spoken. */
  tls?: TlsFiles | undefined;
  /** Whose pages may call the API from a browser; none unless said otherwise. */
  corsOrigins?: readonly string[];
  /** Addresses and CIDRs of proxies whose word about the client's address is taken; none unless said otherwise. */
  trustProxy?: readonly string[];
  /** Where spans go; nowhere unless said otherwise. */
  tracing?: TracingSettings | undefined;
  /** What specs choose otherwise. */
  limits?: Partial<ServerLimits>;
  /** For how long servers that are not there yet are waited for, milliseconds. */
  waitMs?: number;
}

const WAIT_MS = 30_000;
const WAIT_STEP_MS = 500;
const TRACES_CLOSE_MS = 1_500;
/** Event ids may have 200 characters, percent-encoded three times as many. */
const MAX_PARAM_CHARS = 600;

/**
 * Starts the admin API: brings the schema up to date, then serves, then relays.
 * @throws Error in one sentence when PostgreSQL or NATS cannot be reached in time; KeyringError when an encryption key is
 *   missing or wrong
 */
export async function startAdminApi(options: AdminApiOptions): Promise<RunningApp> {
  const { logger, databaseUrl, waitMs = WAIT_MS } = options;
  const keyring = Keyring.parse(options.encryptionKeys);
  const pair = options.tls && readTls(options.tls);
  const addresses = new AddressGuard(options.egress);
  const database = await databaseWhenThere(databaseUrl, logger, waitMs);
  const ran = await migrate(database);
  if (ran.length > 0) logger.info({ migrations: ran }, 'the schema was brought up to date');
  await proveKeys(database, keyring).catch(async (error: unknown) => {
    await database.destroy();
    throw error;
  });
  const bus = await Bus.open(
    { url: options.natsUrl, access: options.natsAccess, name: 'tidings-admin-api', waitMs },
    options.topology,
  );
  const streamAges = new StreamAgesKeeper({
    ...{ bus, database, owedForHours: options.owedForHours },
    report: reportTo(logger),
  });
  logConnection(bus, logger);
  const relay = new LedgerRelay(databaseUrl, bus, logger);
  const registry = createRegistry('admin-api');
  adminApiMetrics(registry, { database, bus, relay });
  const operatorKey = new OperatorKey(options.operatorKey);
  const keyUse = new KeyUse(database, logger);
  const keys = new KeyDirectory(database, keyUse);
  const tenants = new TenantDirectory(bus.tenants, database);
  const { requestsPerSecond } = options;
  const app = await NestFactory.create<NestFastifyApplication>(
    AdminApiModule.of({
      ...{ database, bus, relay, keyring, addresses, logger },
      ...{ operatorKey, keys, tenants, requestsPerSecond, registry },
    }),
    adapterOf(options, pair),
    { logger: nestLogger(logger), bodyParser: false },
  );
  const fastify = app.getHttpAdapter().getInstance();
  const tracing = await startTracing(options.tracing, 'admin-api', logger);
  if (tracing) traceRequests(fastify, tracing);
  countRequests(fastify, registry);
  feedMetrics(registry, app.get(LiveFeed));
  nameRequests(fastify);
  acceptJsonBodies(fastify);
  acceptYamlBodies(fastify);
  sendSecurityHeaders(fastify, pair !== undefined);
  openToOrigins(app, options.corsOrigins ?? []);
  serveOpenApi(app);
  await tenants.watch();
  await relay.start();
  await streamAges.start();
  limitConnections(fastify.server, limitsOf(options));
  await app.listen(options.port, options.host);
  const stopRenewing =
    options.tls &&
    pair &&
    keepTlsRenewed(fastify.server as HttpsServer, options.tls, pair, logger, certificateMetric(registry));
  return {
    url: await app.getUrl(),
    stop: async () => {
      stopRenewing?.();
      await app.close();
      await tracing?.close(TRACES_CLOSE_MS);
      await keyUse.close();
      await relay.stop();
      await streamAges.stop();
      tenants.close();
      await bus.close();
      await database.destroy();
    },
  };
}

function limitsOf({ limits }: AdminApiOptions): ServerLimits {
  return { ...SERVER_LIMITS, ...limits };
}

function adapterOf(options: AdminApiOptions, pair: ReturnType<typeof readTls> | undefined): FastifyAdapter {
  const { node, ...limits } = limitsOfServer(limitsOf(options));
  return new FastifyAdapter({
    ...limits,
    ...(pair ? { https: { ...node, ...pair, ...LOWEST_TLS } } : { http: node }),
    trustProxy: options.trustProxy?.length ? [...options.trustProxy] : false,
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    forceCloseConnections: 'idle',
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      putSecurityHeaders(reply, request.url, pair !== undefined);
      sendProblem(reply, problemOf(error));
    },
  });
}

async function databaseWhenThere(url: string, logger: Logger, waitMs: number): Promise<DataSource> {
  const deadline = Date.now() + waitMs;
  const onIdleError = (error: Error) => logger.warn({ reason: error.message }, 'a database connection broke');
  for (;;) {
    try {
      return await openDatabase(url, { name: 'tidings-admin-api', onIdleError });
    } catch (error) {
      const host = URL.parse(url)?.host ?? 'the address in TIDINGS_DATABASE_URL, which is no URL,';
      const reason =
        error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error);
      if (!isUnavailable(error))
        throw new Error(`PostgreSQL at ${host} refuses us: ${reason}.`, { cause: error });
      if (Date.now() >= deadline)
        throw new Error(`PostgreSQL at ${host} did not answer within ${waitMs / 1000} s: ${reason}.`, {
          cause: error,
        });
    }
    await sleep(WAIT_STEP_MS);
  }
}
