import { Body, Delete, Get, Post, Query } from '@nestjs/common';
import { decideKey, KeyNotFound, OF_NO_TENANT, type KeyId, type TenantId } from '#domain';
import { changeKey, DataSource, findKey, listKeys, type KeyRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { generateKey } from '../access/key-text.js';
import { NeedsRole } from '../access/role-needed.js';
import { found } from '../http/found.js';
import { pageQuery, shownPage, type PageQuery } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { created, IfMatchOf, versioned, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { createdKeyView, keyPage, keyView, newKey, type NewKey } from './key-schemas.js';
import { keyViewOf } from './key-view.js';

@Resource('keys')
@NeedsRole('admin')
export class KeysController {
  constructor(private readonly database: DataSource) {}

  @Post()
  @Answers(201, 'The key, for the only time', createdKeyView)
  async create(@CallerOf() caller: Caller, @Body({ schema: newKey }) { name, role, expires_at }: NewKey) {
    if (role === 'operator' && caller.role !== 'operator')
      throw new Problem('forbidden', {
        detail: 'Only operators make keys of operators.',
        evidence: { role_needed: 'operator', role: caller.role },
      });
    const { id, text, hash } = generateKey();
    const tenant = role === 'operator' ? OF_NO_TENANT : caller.tenant;
    const definition = { name, role, expires_at: expires_at === null ? null : Date.parse(expires_at) };
    const command = { ...caller, kind: 'issue' as const, tenant, key: id, at: Date.now(), definition };
    const row = await changeKey(this.database, tenant, id, (state) => decideKey(state, command), hash);
    return created(row, { ...keyViewOf(row), key: text }, `keys/${id}`);
  }

  @Get()
  @Answers(200, 'Keys, newest first, with those that expired or were revoked', keyPage)
  async list(@CallerOf() caller: Caller, @Query({ schema: pageQuery }) query: PageQuery) {
    return shownPage(await listKeys(this.database, tenantsOf(caller), query), keyViewOf);
  }

  @Get(':id')
  @Answers(200, 'The key, without its text', keyView, ['key_not_found'])
  async read(@CallerOf() caller: Caller, @PathId() id: string) {
    const row = await this.find(caller, id);
    return versioned(row, keyViewOf(row));
  }

  @Delete(':id')
  @Answers(204, 'The key is revoked, on every replica within a second', undefined, [
    'key_not_found',
    'version_conflict',
  ])
  async revoke(@CallerOf() caller: Caller, @PathId() id: string, @IfMatchOf() ifMatch: IfMatch) {
    const { tenant } = await this.find(caller, id);
    const expectedVersion = ifMatch.version;
    const command = { ...caller, kind: 'revoke' as const, tenant, key: id, at: Date.now(), expectedVersion };
    await changeKey(this.database, tenant, id, (state) => decideKey(state, command));
  }

  private async find(caller: Caller, id: KeyId): Promise<KeyRow> {
    return found(await findKey(this.database, tenantsOf(caller), id), () => new KeyNotFound(id));
  }
}

/** Operators see the keys of operators beside those of the tenant that they act for. */
function tenantsOf({ tenant, role }: Caller): TenantId[] {
  return role === 'operator' ? [tenant, OF_NO_TENANT] : [tenant];
}
