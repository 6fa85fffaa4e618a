import { z } from 'zod';
import { MASK, OAUTH_LIMITS, PEM_LIMITS } from '#domain';

const secret = z
  .string()
  .optional()
  .describe(`Write-only: shown as \`${MASK}\`. Sent back like that, or left out of a change, it stays.`);
const { token_url, client_id, scope } = OAUTH_LIMITS;
const pem = z.string().min(PEM_LIMITS.length.min).max(PEM_LIMITS.length.max);

export const auth = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('bearer'), token: secret }),
      z.strictObject({
        type: z.literal('api_key'),
        key: secret,
        header_name: z.string().default('X-API-Key'),
      }),
      z.strictObject({ type: z.literal('basic'), username: z.string(), password: secret }),
      z.strictObject({
        type: z.literal('hmac'),
        secret,
        header_name: z.string().default('X-Webhook-Signature'),
      }),
      z.strictObject({
        type: z.literal('oauth2'),
        token_url: z
          .string()
          .min(token_url.min)
          .max(token_url.max)
          .describe('Where tokens are asked for; the same addresses are closed to it as to `url`.'),
        client_id: z.string().min(client_id.min).max(client_id.max),
        client_secret: secret,
        scope: z.string().max(scope.max).default('').describe('Words with a space between; empty for none.'),
      }),
      z.strictObject({
        type: z.literal('mtls'),
        certificate: pem.describe('Ours, in PEM, with those between it and its root behind it.'),
        private_key: secret,
        ca: pem
          .nullable()
          .default(null)
          .describe("Who vouches for the receiver's certificate, in PEM; null for those who do on the web."),
      }),
    ],
    { error: 'must be none, bearer, api_key, basic, hmac, oauth2 or mtls' },
  )
  .describe(
    'How the receiver is told that it is us, beside the signature. `hmac` is `sha256=<hex>` of the body. ' +
      'This version cannot make requests with `oauth2` and `mtls` yet: attempts fail without one.',
  );
