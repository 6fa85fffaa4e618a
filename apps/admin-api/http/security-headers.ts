import type { FastifyInstance, FastifyReply } from 'fastify';

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  // Answers show what only this caller may see; the entity tags are for If-Match, not for caches.
  'cache-control': 'no-store',
};

const NOTHING_IS_LOADED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** What the page of the API's description needs: its own files, and the styles that stand in it. */
const PAGES =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const HSTS = 'max-age=31536000';

/**
 * Puts on every answer what keeps browsers from reading anything into it.
 * @param tls whether we speak TLS ourselves; behind a proxy that does, the proxy says so to browsers
 */
export function sendSecurityHeaders(fastify: FastifyInstance, tls: boolean): void {
  // Before anything can be answered; a route may still say otherwise.
  fastify.addHook('onRequest', (request, reply, done) => {
    putSecurityHeaders(reply, request.url, tls);
    done();
  });
}

/** For answers that no hook sees, too. @param url with or without its query */
export function putSecurityHeaders(reply: FastifyReply, url: string, tls: boolean): void {
  void reply.headers(ALWAYS);
  void reply.header('content-security-policy', isPage(url) ? PAGES : NOTHING_IS_LOADED);
  if (tls) void reply.header('strict-transport-security', HSTS);
}

function isPage(url: string): boolean {
  return /^\/docs(?:[/?]|$)/.test(url);
}
