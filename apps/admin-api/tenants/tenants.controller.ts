import { Body, Delete, Get, Headers, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { TenantNotFound } from '#domain';
import { DataSource, findTenant, listTenants, type TenantRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { NeedsRole } from '../access/role-needed.js';
import { entityTag, expectedVersion } from '../http/entity-tag.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import type { ProblemCode } from '../problems/problem.js';
import { TenantChanges } from './tenant-changes.js';
import {
  newTenant,
  tenantDefinition,
  tenantPage,
  tenantPatch,
  tenantQuery,
  tenantView,
  type NewTenant,
  type TenantPatch,
  type TenantQuery,
  type WantedTenant,
} from './tenant-schemas.js';
import { tenantViewOf } from './tenant-view.js';

const CHANGING: ProblemCode[] = ['version_conflict'];

@Resource('tenants')
@NeedsRole('operator')
export class TenantsController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: TenantChanges,
  ) {}

  @Post()
  @Answers(201, 'The tenant', tenantView, ['tenant_exists'])
  async create(
    @CallerOf() caller: Caller,
    @Body({ schema: newTenant }) body: NewTenant,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await this.changes.create(caller, body);
    void reply.header('location', `/api/v1/tenants/${row.id}`);
    return shown(row, reply);
  }

  @Get()
  @Answers(200, 'Tenants, newest first', tenantPage)
  async list(@Query({ schema: tenantQuery }) query: TenantQuery) {
    const { rows, nextCursor } = await listTenants(this.database, query);
    return { data: rows.map(tenantViewOf), next_cursor: nextCursor };
  }

  @Get(':id')
  @Answers(200, 'The tenant', tenantView)
  async read(@Param('id', PlainId) id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await findTenant(this.database, id);
    if (!row) throw new TenantNotFound(id);
    return shown(row, reply);
  }

  @Put(':id')
  @Answers(200, 'The tenant after the change', tenantView, CHANGING)
  async replace(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: tenantDefinition }) body: WantedTenant,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return shown(await this.changes.change(caller, id, body, expectedVersion(ifMatch)), reply);
  }

  @Patch(':id')
  @Answers(200, 'The tenant after the change', tenantView, CHANGING)
  async patch(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: tenantPatch }) patch: TenantPatch,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return shown(await this.changes.patch(caller, id, patch, expectedVersion(ifMatch)), reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(204, 'The tenant and all that it had are ended', undefined, [...CHANGING, 'tenant_is_permanent'])
  async delete(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.changes.delete(caller, id, expectedVersion(ifMatch));
  }
}

function shown(row: TenantRow, reply: FastifyReply) {
  void reply.header('etag', entityTag(row.version));
  return tenantViewOf(row);
}
