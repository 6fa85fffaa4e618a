import { z } from 'zod';

const jwk = z
  .object({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string().describe('The 32 bytes in base64url.'),
    kid: z.string(),
    use: z.literal('sig'),
    alg: z.literal('EdDSA'),
  })
  .describe('A JSON Web Key (RFC 7517, RFC 8037).');

export const signingKeysView = z
  .object({
    data: z.array(
      z.object({
        kid: z.string().describe('The thumbprint of the JWK (RFC 7638).'),
        algorithm: z.literal('ed25519'),
        public_key: z.string().describe('As Standard Webhooks writes it: `whpk_` and 32 bytes in base64.'),
        jwk,
        until: z.iso
          .datetime({ precision: 3 })
          .nullable()
          .describe('Until when it signs; null while it is not replaced.'),
      }),
    ),
  })
  .meta({ id: 'SigningKeys' });

export const jwks = z.object({ keys: z.array(jwk) });
