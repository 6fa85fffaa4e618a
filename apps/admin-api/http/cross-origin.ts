import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const ASKED = [
  ...['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'Tidings-Tenant'],
  ...['traceparent', 'tracestate'],
];
const SHOWN = [
  ...['ETag', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Idempotency-Replayed'],
  'Request-Id',
];
const REMEMBERED_SECONDS = 600;

/**
 * Lets pages of some origins call the API. Without any, no answer speaks of
 * origins, and browsers keep every page of others out. There are no cookies, so
 * there is no mode with credentials.
 */
export function openToOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ASKED,
    exposedHeaders: SHOWN,
    maxAge: REMEMBERED_SECONDS,
    credentials: false,
  });
}
