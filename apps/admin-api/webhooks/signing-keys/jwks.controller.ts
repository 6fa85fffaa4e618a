import { Controller, Get, Header, Ip, Param } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { isEventId } from '#domain';
import { DataSource, findWebhookOfAnyTenant } from '#persistence';
import { Keyring } from '#signing';
import { TokenBuckets } from '../../access/token-buckets.js';
import { Problem } from '../../problems/problem.js';
import { publicKeysOf } from './public-keys.js';
import { jwks } from './signing-key-schemas.js';

/** How long caches may keep it, in seconds: a new key signs from its first moment, beside the one before. */
const KEPT_SECONDS = 300;
/** For each address: a receiver asks when it starts, and when it meets a key that it does not know. */
const RATE = { capacity: 100, perSecond: 10 };

/**
 * The public keys of webhooks for their receivers, who have no key of the API.
 * Of a webhook that has none they learn nothing, not even that it is there.
 */
@Controller('webhooks')
@ApiTags('webhooks')
export class JwksController {
  private readonly askers = new TokenBuckets(RATE);

  constructor(
    private readonly database: DataSource,
    private readonly keyring: Keyring,
  ) {}

  @Get(':id/jwks.json')
  @ApiResponse({ status: 200, description: 'A JSON Web Key Set (RFC 7517)', standardSchema: jwks })
  @Header('content-type', 'application/jwk-set+json')
  @Header('cache-control', `public, max-age=${KEPT_SECONDS}`)
  async read(@Ip() address: string, @Param('id') id: string) {
    this.refuseTooMany(address);
    const row = isEventId(id) ? await findWebhookOfAnyTenant(this.database, id) : null;
    const keys = row === null ? [] : publicKeysOf(row, this.keyring, Date.now());
    if (keys.length > 0) return { keys: keys.map(({ jwk }) => jwk) };
    throw new Problem('signing_keys_not_found', { detail: 'There are no public keys of such a webhook.' });
  }

  private refuseTooMany(address: string): void {
    const { ok, retryAfterSeconds } = this.askers.take(address);
    if (ok) return;
    throw new Problem('rate_limited', {
      detail: `One address may ask for keys ${RATE.perSecond} times a second.`,
      evidence: { limit: RATE.perSecond, period_seconds: 1 },
      retryAfterSeconds,
    });
  }
}
