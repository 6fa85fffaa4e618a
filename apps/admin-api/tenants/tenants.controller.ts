import { Body, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { TenantNotFound } from '#domain';
import { DataSource, findTenant, listTenants, type TenantRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { NeedsRole } from '../access/role-needed.js';
import { found } from '../http/found.js';
import { pageQuery, shownPage, type PageQuery } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { created, IfMatchOf, versioned, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { TenantChanges } from './tenant-changes.js';
import {
  newTenant,
  tenantDefinition,
  tenantPage,
  tenantPatch,
  tenantView,
  type NewTenant,
  type TenantPatch,
  type WantedTenant,
} from './tenant-schemas.js';
import { tenantViewOf } from './tenant-view.js';

@Resource('tenants')
@NeedsRole('operator')
export class TenantsController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: TenantChanges,
  ) {}

  @Post()
  @Answers(201, 'The tenant', tenantView, ['tenant_exists'])
  async create(@CallerOf() caller: Caller, @Body({ schema: newTenant }) wanted: NewTenant) {
    const row = await this.changes.create(caller, wanted);
    return created(row, tenantViewOf(row), `tenants/${row.id}`);
  }

  @Get()
  @Answers(200, 'Tenants, newest first', tenantPage)
  async list(@Query({ schema: pageQuery }) query: PageQuery) {
    return shownPage(await listTenants(this.database, query), tenantViewOf);
  }

  @Get(':id')
  @Answers(200, 'The tenant', tenantView)
  async read(@PathId() id: string) {
    return shown(found(await findTenant(this.database, id), () => new TenantNotFound(id)));
  }

  @Put(':id')
  @Answers(200, 'The tenant after the change', tenantView, ['version_conflict'])
  async replace(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: tenantDefinition }) wanted: WantedTenant,
  ) {
    return shown(await this.changes.change(caller, id, wanted, ifMatch.version));
  }

  @Patch(':id')
  @Answers(200, 'The tenant after the change', tenantView, ['version_conflict'])
  async patch(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: tenantPatch }) patch: TenantPatch,
  ) {
    return shown(await this.changes.patch(caller, id, patch, ifMatch.version));
  }

  @Delete(':id')
  @Answers(204, 'The tenant and all that it had are ended', undefined, [
    'version_conflict',
    'tenant_is_permanent',
  ])
  async delete(@CallerOf() caller: Caller, @PathId() id: string, @IfMatchOf() ifMatch: IfMatch) {
    await this.changes.delete(caller, id, ifMatch.version);
  }
}

function shown(row: TenantRow) {
  return versioned(row, tenantViewOf(row));
}
