import { Body, Get, Header, Post, Query } from '@nestjs/common';
import type { TraceContext } from '#domain';
import { DataSource, findEvent, isOpen, listEvents } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { NeedsRole } from '../access/role-needed.js';
import { found } from '../http/found.js';
import { BodyText } from '../http/json-body.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { TraceOfRequest } from '../http/trace-of-request.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { noLongerBefore } from '../retention/kept-no-more.js';
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
  @Answers(202, 'The stream has the event', acceptedEventView, [
    'reserved_event_type',
    'unknown_event_type',
    'invalid_data',
    'bus_unavailable',
  ])
  publish(
    @CallerOf() caller: Caller,
    @Body({ schema: newEvent }) event: NewEvent,
    @BodyText() text: string,
    @TraceOfRequest() trace: TraceContext | undefined,
  ) {
    return this.publishing.publish(caller, event, text, trace);
  }

  @Get()
  @Answers(200, 'Events, newest first, without their payloads', eventPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: eventQuery }) query: EventQuery) {
    return shownPage(await listEvents(this.database, tenant, query, query), eventSummaryOf);
  }

  @Get(':id')
  @Header('content-type', 'application/json; charset=utf-8')
  @Answers(200, 'The event with what it matched', eventView, ['event_not_found'])
  async read(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const absent = () => new Problem('event_not_found', { detail: `There is no event ${id}.` });
    const { event, deliveries } = found(await findEvent(this.database, tenant, id), absent);
    const since = await noLongerBefore(this.database, tenant, event.accepted_at);
    if (since && event.accepted_at < since && !deliveries.some(isOpen)) throw absent();
    return eventText(event, deliveries);
  }
}
