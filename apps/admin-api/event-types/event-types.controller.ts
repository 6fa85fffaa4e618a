import { Body, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { EventTypeNotFound } from '#domain';
import { DataSource, findEventType, listEventTypes, type EventTypeRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { created, IfMatchOf, versioned, type IfMatch } from '../http/versioned.js';
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
  async create(@CallerOf() caller: Caller, @Body({ schema: newEventType }) wanted: NewEventType) {
    const { name, ...definition } = wanted;
    const row = await this.changes.declare(caller, name, definition);
    return created(row, eventTypeViewOf(row), `event-types/${row.name}`);
  }

  @Post('import')
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
    return shownPage(await listEventTypes(this.database, tenant, query, query), eventTypeViewOf);
  }

  @Get(':name')
  @Answers(200, 'The event type', eventTypeView, ['event_type_not_found'])
  async read(@CallerOf() { tenant }: Caller, @PathId('name') name: string) {
    return shown(found(await findEventType(this.database, tenant, name), () => new EventTypeNotFound(name)));
  }

  @Put(':name')
  @Answers(200, 'The event type, replaced', eventTypeView, ['event_type_not_found', 'version_conflict'])
  async replace(
    @CallerOf() caller: Caller,
    @PathId('name') name: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: eventTypeDefinition }) definition: WantedEventType,
  ) {
    return shown(await this.changes.replace(caller, name, definition, ifMatch.version));
  }

  @Patch(':name')
  @Answers(200, 'The event type after the change', eventTypeView, [
    'event_type_not_found',
    'version_conflict',
  ])
  async patch(
    @CallerOf() caller: Caller,
    @PathId('name') name: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: eventTypePatch }) patch: EventTypePatch,
  ) {
    return shown(await this.changes.patch(caller, name, patch, ifMatch.version));
  }

  @Delete(':name')
  @Answers(204, 'The event type is deleted', undefined, ['event_type_not_found', 'version_conflict'])
  async delete(@CallerOf() caller: Caller, @PathId('name') name: string, @IfMatchOf() ifMatch: IfMatch) {
    await this.changes.delete(caller, name, ifMatch.version);
  }
}

function shown(row: EventTypeRow) {
  return versioned(row, eventTypeViewOf(row));
}
