import { z } from 'zod';
import { keyValues } from './key-values.js';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const port = whole(0, 65_535);
const isOrigin = (text: string) => URL.parse(text)?.origin === text;

function isHttpOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'http:' && url.pathname === '/' && url.search === '' && url.hash === '';
}

const httpAddress = z.string().refine(isHttpAddress, 'must be an address such as http://127.0.0.1:4318');
const otlpProtocol = z.enum(['http/json', 'http/protobuf', 'grpc']);

function isSmtpAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'smtp:' && url?.protocol !== 'smtps:') return false;
  return url.hostname !== '' && (url.pathname === '' || url.pathname === '/') && url.search === '';
}

function isHttpAddress(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}

/**
 * Every environment variable that Tidings reads, with its meaning, default and
 * check. `docs/config.md` is generated from here (a test holds it).
 */
export const environmentSchema = z
  .object({
    TIDINGS_DATA_DIR: z
      .string()
      .default('.tidings')
      .describe('Standalone: the folder that holds everything.'),
    TIDINGS_NATS_URL: z
      .string()
      .optional()
      .describe(
        'The NATS server, or several of a cluster with commas between; credentials as userinfo of the first; `tls://` demands TLS. Standalone starts one of its own when this is not set.',
      )
      .meta({ secret: true }),
    TIDINGS_NATS_CREDS: z.string().optional().describe('A credentials file of NATS: a JWT and its seed.'),
    TIDINGS_NATS_NKEY: z.string().optional().describe('A file with the seed of an nkey for NATS.'),
    TIDINGS_NATS_TLS_CA: z
      .string()
      .optional()
      .describe('A PEM file of the authorities that may have issued the certificate of NATS; demands TLS.'),
    TIDINGS_NATS_TLS_CERT: z
      .string()
      .optional()
      .describe('A PEM file with the certificate that NATS is shown; demands TLS.'),
    TIDINGS_NATS_TLS_KEY: z.string().optional().describe('A PEM file with the key of TIDINGS_NATS_TLS_CERT.'),
    TIDINGS_DATABASE_URL: z
      .string()
      .optional()
      .describe(
        'The PostgreSQL database; `sslmode=verify-full` demands TLS. Standalone starts one of its own when this is not set.',
      )
      .meta({ secret: true }),
    TIDINGS_DATABASE_TLS_CA: z
      .string()
      .optional()
      .describe(
        'A PEM file of the authorities that may have issued the certificate of PostgreSQL; demands TLS.',
      ),
    TIDINGS_DATABASE_TLS_CERT: z
      .string()
      .optional()
      .describe('A PEM file with the certificate that PostgreSQL is shown; demands TLS.'),
    TIDINGS_DATABASE_TLS_KEY: z
      .string()
      .optional()
      .describe('A PEM file with the key of TIDINGS_DATABASE_TLS_CERT.'),
    TIDINGS_NATS_REPLICAS: z
      .enum(['1', '3', '5'])
      .default('1')
      .transform(Number)
      .describe('On how many servers of a NATS cluster each stream and bucket is kept: 1, 3 or 5.'),
    TIDINGS_NATS_SERVER: z
      .string()
      .optional()
      .describe('Standalone: the nats-server program to run, 2.14 or newer.'),
    TIDINGS_HOST: z.string().default('127.0.0.1').describe('The address that the apps listen on.'),
    TIDINGS_PORT: port.default(8400).describe('The port of the admin API; 0 means any free port.'),
    TIDINGS_TLS_CERT: z
      .string()
      .optional()
      .describe(
        'A file with the certificate chain (PEM) with which the admin API speaks https; read again when it changes. Standalone speaks plain http.',
      ),
    TIDINGS_TLS_KEY: z.string().optional().describe('The file with its private key (PEM).'),
    TIDINGS_TRUST_PROXY: list
      .default([])
      .describe('Addresses and CIDRs of proxies whose `X-Forwarded-For` the admin API believes.'),
    TIDINGS_CORS_ORIGINS: list
      .pipe(z.array(z.string().refine(isOrigin, 'must be origins such as https://console.example.com')))
      .default([])
      .describe('Origins whose pages may call the admin API from a browser.'),
    TIDINGS_ORIGIN: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i, 'must be a name such as events.example.com')
      .default('tidings')
      .describe(
        'By what name receivers know this installation, when they are asked whether they want its events.',
      ),
    TIDINGS_OPS_PORT: port
      .optional()
      .describe(
        'The port on which subscriber (default 8401) and dispatcher (default 8402) serve health and metrics; 0 means any free port.',
      ),
    TIDINGS_OPERATOR_KEY: z
      .string()
      .regex(
        /^tdg_[A-Za-z0-9]+_[A-Za-z0-9_-]{16,}$/,
        'must look like tdg_<id>_<secret>, the secret 16 characters or longer',
      )
      .optional()
      .describe('The operator key. Standalone makes one at its first start.')
      .meta({ secret: true }),
    TIDINGS_API_RATE_LIMIT: whole(1, 1_000_000)
      .default(5_000)
      .describe('Requests a second that one API key may make, on each replica of the admin API.'),
    TIDINGS_ENCRYPTION_KEYS: z
      .string()
      .optional()
      .describe(
        'Keys that seal secrets at rest, `id:base64,...`, 32 bytes each; the first encrypts, all decrypt.',
      )
      .meta({ secret: true }),
    TIDINGS_EGRESS_ALLOW: list
      .default([])
      .describe('CIDRs that webhooks may reach although they are private.'),
    TIDINGS_EGRESS_HTTP: flag.default(false).describe('`true` allows plain http.'),
    TIDINGS_EGRESS_PORTS: z
      .union([
        z.literal('any'),
        list.pipe(z.array(z.string().transform(Number).pipe(z.int().min(1).max(65_535))).min(1)),
      ])
      .default([80, 443, 8080, 8443])
      .describe('Ports that webhooks may use: a list, or `any`.'),
    TIDINGS_EGRESS_PROXY: z
      .string()
      .refine(isHttpOrigin, 'must be http://[user:password@]host:port')
      .optional()
      .describe(
        'An outbound proxy for all requests to webhooks, `http://[user:password@]host:port`, by CONNECT (docs/security.md). Variables like HTTP_PROXY are ignored.',
      )
      .meta({ secret: true }),
    TIDINGS_LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('What is logged.'),
    TIDINGS_DISPATCHERS: whole(1, 64).default(1).describe('Standalone: how many dispatcher processes.'),
    TIDINGS_SUBSCRIBERS: whole(1, 64).default(1).describe('Standalone: how many subscriber processes.'),
    TIDINGS_DISPATCH_CONCURRENCY: whole(1, 10_000)
      .default(256)
      .describe('Attempts that one dispatcher makes at once.'),
    TIDINGS_TRANSFORM_PROCESSES: whole(1, 64)
      .default(2)
      .describe(
        'In how many processes each dispatcher runs transforms; with 1, slow transforms keep quick ones waiting.',
      ),
    TIDINGS_TRANSFORM_TIMEOUT_MS: whole(10, 10_000)
      .default(500)
      .describe('How long one run of a transform may take.'),
    TIDINGS_SOURCES: z
      .string()
      .optional()
      .describe('A JSON file that binds existing JetStream streams as sources of events (docs/sources.md).'),
    TIDINGS_DEDUP_WINDOW_SECONDS: whole(1, 86_400)
      .default(120)
      .describe('For how long an event id is remembered, so that publishing it again is accepted once.'),
    TIDINGS_EVENTS_MAX_AGE_HOURS: whole(1, 90_000)
      .optional()
      .describe(
        'For how long the stream EVENTS keeps events. When not set, as long as the longest `retention_days` of a tenant and as deliveries may be owed, and a little longer (docs/operation.md).',
      ),
    TIDINGS_JOURNAL_MAX_AGE_HOURS: whole(1, 90_000)
      .optional()
      .describe(
        'For how long the stream JOURNAL keeps facts. When not set, two days longer than the longest `retention_days` of a tenant.',
      ),
    TIDINGS_MAX_DELIVERY_AGE_HOURS: whole(1, 8_760)
      .default(720)
      .describe(
        'A delivery that has been owed for so long is not tried again: it fails, with the reason `expired`.',
      ),
    TIDINGS_SMTP_URL: z
      .string()
      .refine(isSmtpAddress, 'must be smtp[s]://[user:password@]host[:port]')
      .optional()
      .describe(
        "The SMTP server by which tenants' contacts are written to, `smtp[s]://[user:password@]host[:port]`; a password needs TLS (docs/operation.md). Without it no e-mail is sent.",
      )
      .meta({ secret: true }),
    TIDINGS_MAIL_FROM: z
      .string()
      .regex(
        /^(?:[^\p{Cc}<>@",;:]{1,100} <[^\s<>@",;:]{1,64}@[A-Za-z0-9.-]{1,250}>|[^\s<>@",;:]{1,64}@[A-Za-z0-9.-]{1,250})$/u,
        'must be an address such as tidings@example.com or Tidings <tidings@example.com>',
      )
      .optional()
      .describe('The sender of e-mail; needed with TIDINGS_SMTP_URL.'),
    TIDINGS_MAIL_GATHER_SECONDS: whole(1, 3_600)
      .default(60)
      .describe('How long a mail waits for more that belongs into it.'),
    TIDINGS_MAIL_QUIET_MINUTES: whole(0, 1_440)
      .default(60)
      .describe('For how long nothing more is mailed to a tenant after a mail.'),
    OTEL_EXPORTER_OTLP_ENDPOINT: httpAddress
      .optional()
      .describe(
        'Where traces are sent, by OTLP/HTTP: `/v1/traces` of this address. Without it none are recorded (docs/operation.md).',
      ),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpAddress
      .optional()
      .describe('Where traces are sent, the whole address; goes before OTEL_EXPORTER_OTLP_ENDPOINT.'),
    OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol
      .optional()
      .describe(
        '`http/json` is spoken, which whoever takes `http/protobuf` takes too; with `grpc` no traces can be sent, and Tidings does not start.',
      ),
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: otlpProtocol
      .optional()
      .describe('The same; goes before OTEL_EXPORTER_OTLP_PROTOCOL.'),
    OTEL_EXPORTER_OTLP_HEADERS: keyValues
      .optional()
      .describe('Headers of requests with traces, `key=value,key=value`, values percent-encoded.')
      .meta({ secret: true }),
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: keyValues
      .optional()
      .describe('The same; goes before OTEL_EXPORTER_OTLP_HEADERS, header by header.')
      .meta({ secret: true }),
    OTEL_TRACES_SAMPLER: z
      .enum([
        'always_on',
        'always_off',
        'traceidratio',
        'parentbased_always_on',
        'parentbased_always_off',
        'parentbased_traceidratio',
      ])
      .default('parentbased_always_on')
      .describe('Which traces are recorded; `parentbased_…` leaves that to whoever began them.'),
    OTEL_TRACES_SAMPLER_ARG: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('The share that a sampler by ratio records, from 0 to 1.'),
    OTEL_SERVICE_NAME: z
      .string()
      .optional()
      .describe('The name of all processes in traces, instead of `tidings-<app>`.'),
    OTEL_RESOURCE_ATTRIBUTES: keyValues
      .optional()
      .describe('What else is said of each process in traces, `key=value,key=value`.'),
  })
  .superRefine((config, context) => {
    if (config.TIDINGS_SMTP_URL !== undefined && config.TIDINGS_MAIL_FROM === undefined)
      context.addIssue({
        code: 'custom',
        path: ['TIDINGS_MAIL_FROM'],
        message: 'must be set, for TIDINGS_SMTP_URL is',
      });
    const endpoint = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT;
    const protocol = config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL;
    if (endpoint === undefined || protocol !== 'grpc') return;
    const message =
      'must be http/json or http/protobuf, for traces are sent by HTTP; the port is mostly 4318';
    context.addIssue({ code: 'custom', path: ['OTEL_EXPORTER_OTLP_PROTOCOL'], message });
  });

export type Config = z.output<typeof environmentSchema>;
