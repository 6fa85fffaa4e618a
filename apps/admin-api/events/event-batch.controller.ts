import { Body, Post } from '@nestjs/common';
import type { TraceContext } from '#domain';
import { CallerOf, type Caller } from '../access/caller.js';
import { NeedsRole } from '../access/role-needed.js';
import { BodyText } from '../http/json-body.js';
import { TraceOfRequest } from '../http/trace-of-request.js';
import { Answers, Resource } from '../openapi/resource.js';
import { batchReport, eventBatch, type EventBatch } from './event-schemas.js';
import { PublishEvent } from './publish-event.js';

@Resource('events')
export class EventBatchController {
  constructor(private readonly publishing: PublishEvent) {}

  @Post('batch')
  @NeedsRole('publisher')
  @Answers(202, 'What became of each event', batchReport)
  async publish(
    @CallerOf() caller: Caller,
    @Body({ schema: eventBatch }) { events }: EventBatch,
    @BodyText() text: string,
    @TraceOfRequest() trace: TraceContext | undefined,
  ) {
    const data = await this.publishing.publishBatch(caller, events, text, trace);
    const refused = data.filter((item) => 'problem' in item).length;
    return { accepted: data.length - refused, refused, data };
  }
}
