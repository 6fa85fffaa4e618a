import { Body, Delete, Get, Headers, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { EventTypeNotFound } from '#domain';
import { DataSource, findEventType, listEventTypes } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { entityTag, expectedVersion } from '../http/entity-tag.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { TakesYaml } from '../yaml/yaml-body.js';
import { EventTypeChanges } from './event-type-changes.js';
import {
  eventTypeDefinition,
  eventTypePage,
  eventTypePatch,
  eventTypeQuery,
  eventTypeView,
  importQuery,
  importReport,
  importRequest,
  newEventType,
  type EventTypePatch,
  type EventTypeQuery,
  type ImportQuery,
  type ImportRequest,
  type NewEventType,
  type WantedEventType,
} from './event-type-schemas.js';
import { eventTypeViewOf } from './event-type-view.js';
import { ImportEventTypes } from './import-event-types.js';

@Resource('event-types')
export class EventTypesController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: EventTypeChanges,
    private readonly importing: ImportEventTypes,
  ) {}

  @Post()
  @Answers(201, 'The event type', eventTypeView, ['event_type_exists'])
  async create(
    @CallerOf() caller: Caller,
    @Body({ schema: newEventType }) { name, ...definition }: NewEventType,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await this.changes.declare(caller, name, definition);
    void reply.header('etag', entityTag(row.version)).header('location', `/api/v1/event-types/${row.name}`);
    return eventTypeViewOf(row);
  }

  @Post('import')
  @HttpCode(200)
  @TakesYaml((source) => ({ source }))
  @Answers(200, 'What was imported, or would be', importReport, ['malformed_yaml'])
  import(
    @CallerOf() caller: Caller,
    @Body({ schema: importRequest }) { source, dry_run }: ImportRequest,
    @Query({ schema: importQuery }) query: ImportQuery,
  ) {
    return this.importing.import(caller, { source, dry_run: dry_run || query.dry_run });
  }

  @Get()
  @Answers(200, 'Event types, newest first', eventTypePage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: eventTypeQuery }) query: EventTypeQuery) {
    const { limit, cursor, ...filter } = query;
    const { rows, nextCursor } = await listEventTypes(this.database, tenant, filter, { limit, cursor });
    return { data: rows.map(eventTypeViewOf), next_cursor: nextCursor };
  }

  @Get(':name')
  @Answers(200, 'The event type', eventTypeView, ['event_type_not_found'])
  async read(
    @CallerOf() { tenant }: Caller,
    @Param('name', PlainId) name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await findEventType(this.database, tenant, name);
    if (!row) throw new EventTypeNotFound(name);
    void reply.header('etag', entityTag(row.version));
    return eventTypeViewOf(row);
  }

  @Put(':name')
  @Answers(200, 'The event type, replaced', eventTypeView, ['event_type_not_found', 'version_conflict'])
  async replace(
    @CallerOf() caller: Caller,
    @Param('name', PlainId) name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: eventTypeDefinition }) definition: WantedEventType,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await this.changes.replace(caller, name, definition, expectedVersion(ifMatch));
    void reply.header('etag', entityTag(row.version));
    return eventTypeViewOf(row);
  }

  @Patch(':name')
  @Answers(200, 'The event type after the change', eventTypeView, [
    'event_type_not_found',
    'version_conflict',
  ])
  async patch(
    @CallerOf() caller: Caller,
    @Param('name', PlainId) name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: eventTypePatch }) patch: EventTypePatch,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await this.changes.patch(caller, name, patch, expectedVersion(ifMatch));
    void reply.header('etag', entityTag(row.version));
    return eventTypeViewOf(row);
  }

  @Delete(':name')
  @HttpCode(204)
  @Answers(204, 'The event type is deleted', undefined, ['event_type_not_found', 'version_conflict'])
  async delete(
    @CallerOf() caller: Caller,
    @Param('name', PlainId) name: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.changes.delete(caller, name, expectedVersion(ifMatch));
  }
}
