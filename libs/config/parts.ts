import { ConfigError, required } from './load.js';
import type { Config } from './schema.js';
import { VERSION } from './version.js';

/** How the streams are to be made, as #bus wants it. */
export function topologyOf(config: Config) {
  return {
    dedupWindowSeconds: config.TIDINGS_DEDUP_WINDOW_SECONDS,
    eventsMaxAgeHours: config.TIDINGS_EVENTS_MAX_AGE_HOURS,
    journalMaxAgeHours: config.TIDINGS_JOURNAL_MAX_AGE_HOURS,
    replicas: config.TIDINGS_NATS_REPLICAS,
  };
}

/** Where webhooks may go, as #egress wants it. */
export function egressOf(config: Config) {
  return {
    allow: config.TIDINGS_EGRESS_ALLOW,
    http: config.TIDINGS_EGRESS_HTTP,
    ports: config.TIDINGS_EGRESS_PORTS,
    proxy: config.TIDINGS_EGRESS_PROXY,
  };
}

/** Where transforms run, as #payload wants it. */
export function transformsOf(config: Config) {
  return { processes: config.TIDINGS_TRANSFORM_PROCESSES, timeoutMs: config.TIDINGS_TRANSFORM_TIMEOUT_MS };
}

/** Who we are to NATS and whom we trust, as #bus wants it. */
export function busAccessOf(config: Config) {
  return {
    credentials: config.TIDINGS_NATS_CREDS,
    nkey: config.TIDINGS_NATS_NKEY,
    tlsCa: config.TIDINGS_NATS_TLS_CA,
    tlsCertificate: config.TIDINGS_NATS_TLS_CERT,
    tlsKey: config.TIDINGS_NATS_TLS_KEY,
  };
}

/**
 * The address of the database, with the files for TLS in it, as #persistence wants it.
 * @throws ConfigError when it is not set, or is no URL
 */
export function databaseUrlOf(config: Config): string {
  const text = required(config, 'TIDINGS_DATABASE_URL');
  const files = {
    sslrootcert: config.TIDINGS_DATABASE_TLS_CA,
    sslcert: config.TIDINGS_DATABASE_TLS_CERT,
    sslkey: config.TIDINGS_DATABASE_TLS_KEY,
  };
  const named = Object.entries(files).filter(([, path]) => path !== undefined);
  if (named.length === 0) return text;
  const url = URL.parse(text);
  if (!url) throw new ConfigError('TIDINGS_DATABASE_URL is no URL.');
  for (const [name, path] of named) url.searchParams.set(name, path ?? '');
  return url.toString();
}

/** Where spans go and which, as #observability wants it; undefined where they go nowhere. */
export function tracingOf(config: Config) {
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/+$/, '')}/v1/traces`);
  if (url === undefined) return undefined;
  return {
    url,
    headers: { ...config.OTEL_EXPORTER_OTLP_HEADERS, ...config.OTEL_EXPORTER_OTLP_TRACES_HEADERS },
    sampler: config.OTEL_TRACES_SAMPLER,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    serviceName: config.OTEL_SERVICE_NAME,
    attributes: config.OTEL_RESOURCE_ATTRIBUTES ?? {},
    version: VERSION,
  };
}

/** How e-mail goes to tenants' contacts, as the subscriber wants it; undefined where none does. */
export function mailOf(config: Config) {
  const { TIDINGS_SMTP_URL: url, TIDINGS_MAIL_FROM: from } = config;
  if (url === undefined || from === undefined) return undefined;
  return {
    url,
    from,
    gatherMs: config.TIDINGS_MAIL_GATHER_SECONDS * 1_000,
    quietMs: config.TIDINGS_MAIL_QUIET_MINUTES * 60_000,
  };
}
