import { Body, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { decideKey, KeyNotFound, OF_NO_TENANT, type KeyId, type TenantId } from '#domain';
import { changeKey, DataSource, findKey, listKeys, type KeyRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { generateKey } from '../access/key-text.js';
import { NeedsRole } from '../access/role-needed.js';
import { entityTag, expectedVersion } from '../http/entity-tag.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import {
  createdKeyView,
  keyPage,
  keyQuery,
  keyView,
  newKey,
  type KeyQuery,
  type NewKey,
} from './key-schemas.js';
import { keyViewOf } from './key-view.js';

@Resource('keys')
@NeedsRole('admin')
export class KeysController {
  constructor(private readonly database: DataSource) {}

  @Post()
  @Answers(201, 'The key, for the only time', createdKeyView)
  async create(
    @CallerOf() caller: Caller,
    @Body({ schema: newKey }) { name, role, expires_at }: NewKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (role === 'operator' && caller.role !== 'operator')
      throw new Problem('forbidden', {
        detail: 'Only operators make keys of operators.',
        evidence: { role_needed: 'operator', role: caller.role },
      });
    const { id, text, hash } = generateKey();
    const tenant = role === 'operator' ? OF_NO_TENANT : caller.tenant;
    const definition = { name, role, expires_at: expires_at === null ? null : Date.parse(expires_at) };
    const command = {
      kind: 'issue' as const,
      tenant,
      key: id,
      actor: caller.actor,
      at: Date.now(),
      definition,
    };
    const row = await changeKey(this.database, tenant, id, (state) => decideKey(state, command), hash);
    void reply.header('etag', entityTag(row.version)).header('location', `/api/v1/keys/${id}`);
    return { ...keyViewOf(row), key: text };
  }

  @Get()
  @Answers(200, 'Keys, newest first, with those that expired or were revoked', keyPage)
  async list(@CallerOf() caller: Caller, @Query({ schema: keyQuery }) query: KeyQuery) {
    const { rows, nextCursor } = await listKeys(this.database, tenantsOf(caller), query);
    return { data: rows.map(keyViewOf), next_cursor: nextCursor };
  }

  @Get(':id')
  @Answers(200, 'The key, without its text', keyView, ['key_not_found'])
  async read(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await this.find(caller, id);
    void reply.header('etag', entityTag(row.version));
    return keyViewOf(row);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(204, 'The key is revoked, on every replica within a second', undefined, [
    'key_not_found',
    'version_conflict',
  ])
  async revoke(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    const { tenant } = await this.find(caller, id);
    const command = { kind: 'revoke' as const, tenant, key: id, actor: caller.actor, at: Date.now() };
    const seen = expectedVersion(ifMatch);
    await changeKey(this.database, tenant, id, (state) =>
      decideKey(state, { ...command, expectedVersion: seen }),
    );
  }

  private async find(caller: Caller, id: KeyId): Promise<KeyRow> {
    const row = await findKey(this.database, tenantsOf(caller), id);
    if (!row) throw new KeyNotFound(id);
    return row;
  }
}

/** Operators see the keys of operators beside those of the tenant that they act for. */
function tenantsOf({ tenant, role }: Caller): TenantId[] {
  return role === 'operator' ? [tenant, OF_NO_TENANT] : [tenant];
}
