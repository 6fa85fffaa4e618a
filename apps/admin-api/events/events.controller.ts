import { Body, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { DataSource, findEvent, listEvents } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { NeedsRole } from '../access/role-needed.js';
import { BodyText } from '../http/json-body.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import {
  acceptedEventView,
  eventPage,
  eventQuery,
  eventView,
  newEvent,
  type EventQuery,
  type NewEvent,
} from './event-schemas.js';
import { eventSummaryOf, eventText } from './event-view.js';
import { PublishEvent } from './publish-event.js';

@Resource('events')
export class EventsController {
  constructor(
    private readonly database: DataSource,
    private readonly publishing: PublishEvent,
  ) {}

  @Post()
  @NeedsRole('publisher')
  @HttpCode(202)
  @Answers(202, 'The stream has the event', acceptedEventView, [
    'unknown_event_type',
    'invalid_data',
    'bus_unavailable',
  ])
  publish(@CallerOf() caller: Caller, @Body({ schema: newEvent }) event: NewEvent, @BodyText() text: string) {
    return this.publishing.publish(caller, event, text);
  }

  @Get()
  @Answers(200, 'Events, newest first, without their payloads', eventPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: eventQuery }) query: EventQuery) {
    const { limit, cursor, ...filter } = query;
    const { rows, nextCursor } = await listEvents(this.database, tenant, filter, { limit, cursor });
    return { data: rows.map(eventSummaryOf), next_cursor: nextCursor };
  }

  @Get(':id')
  @Header('content-type', 'application/json; charset=utf-8')
  @Answers(200, 'The event with what it matched', eventView, ['event_not_found'])
  async read(@CallerOf() { tenant }: Caller, @Param('id', PlainId) id: string) {
    const found = await findEvent(this.database, tenant, id);
    if (!found) throw new Problem('event_not_found', { detail: `There is no event ${id}.` });
    return eventText(found.event, found.deliveries);
  }
}
