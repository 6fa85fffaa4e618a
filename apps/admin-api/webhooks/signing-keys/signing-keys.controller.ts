import { Get } from '@nestjs/common';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook } from '#persistence';
import { Keyring } from '#signing';
import { CallerOf, type Caller } from '../../access/caller.js';
import { found } from '../../http/found.js';
import { PathId } from '../../http/path-id.js';
import { Answers, Resource } from '../../openapi/resource.js';
import { publicKeysOf } from './public-keys.js';
import { signingKeysView } from './signing-key-schemas.js';

@Resource('webhooks')
export class SigningKeysController {
  constructor(
    private readonly database: DataSource,
    private readonly keyring: Keyring,
  ) {}

  @Get(':id/signing-keys')
  @Answers(200, 'Public keys, the newest first; none when it is not signed with v1a', signingKeysView, [
    'webhook_not_found',
  ])
  async list(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const row = found(await findWebhook(this.database, tenant, id), () => new WebhookNotFound(id));
    const keys = publicKeysOf(row, this.keyring, Date.now());
    return {
      data: keys.map(({ kid, public_key, jwk, until }) => ({
        kid,
        algorithm: 'ed25519',
        public_key,
        jwk,
        until: until === null ? null : new Date(until).toISOString(),
      })),
    };
  }
}
