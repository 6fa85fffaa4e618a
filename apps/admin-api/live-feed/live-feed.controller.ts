import { Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallerOf, type Caller } from '../access/caller.js';
import { KeyDirectory } from '../access/key-directory.js';
import { Answers, Resource } from '../openapi/resource.js';
import { invalidRequest } from '../problems/problem.js';
import { placeOfText, type FeedPlace } from './feed-item.js';
import { feedEvents, feedQuery, type FeedQuery } from './feed-schemas.js';
import { LiveFeed } from './live-feed.js';

@Resource('deliveries')
export class LiveFeedController {
  constructor(
    private readonly feed: LiveFeed,
    private readonly keys: KeyDirectory,
  ) {}

  @Get('stream')
  @ApiProduces('text/event-stream')
  @Answers(200, 'What becomes of deliveries, as it happens', feedEvents, ['bus_unavailable'])
  async stream(
    @CallerOf() caller: Caller,
    @Query({ schema: feedQuery }) { last_event_id, ...filter }: FeedQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = placeAfter(lastEventId ?? last_event_id);
    const text = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const isAllowed =
      caller.actor === 'operator'
        ? () => Promise.resolve(true)
        : async () => (await this.keys.find(text)) !== undefined;
    const listener = await this.feed.listen({ tenant: caller.tenant, filter, after, isAllowed });
    // Fastify ends its stream with the connection, but does not hear of one that ended before.
    if (request.raw.destroyed) listener.drop();
    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      // Nothing comes after it: who is cut off or told to go need not be waited for.
      .header('connection', 'close')
      .send(listener.output);
  }
}

function placeAfter(id: string | undefined): FeedPlace | undefined {
  if (id === undefined || id === '') return undefined;
  const place = placeOfText(id);
  if (place) return place;
  throw invalidRequest([{ path: 'Last-Event-ID', message: 'must be an id that this stream has sent' }]);
}
