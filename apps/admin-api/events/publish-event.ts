import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import { jsonMembers, newId } from '#domain';
import type { Caller } from '../access/caller.js';
import { jsonObject, RawJson } from '../http/raw-json.js';
import { invalidRequest } from '../problems/problem.js';
import { problemOf } from '../problems/problem-of.js';
import { Problem } from '../problems/problem.js';
import type { NewEvent } from './event-schemas.js';

/** Puts events that came by REST into the stream, in the envelope that publishers on NATS use too. */
@Injectable()
export class PublishEvent {
  constructor(private readonly bus: Bus) {}

  /**
   * @param event the body, checked
   * @param text the body as it came; data and metadata are taken from it byte for byte
   * @returns once the stream has it
   * @throws Problem 503 that carries the id, so that sending it again with this id is accepted once
   */
  async publish(caller: Caller, event: NewEvent, text: string): Promise<{ id: string; duplicate: boolean }> {
    const raw = jsonMembers(text);
    const data = raw.get('data');
    if (data === undefined) throw invalidRequest([{ path: 'data', message: 'is required' }]);
    const id = event.id ?? newId('evt');
    const metadata = event.metadata ? raw.get('metadata') : undefined;
    const body = jsonObject({
      id,
      type: event.type,
      ...(event.timestamp === undefined ? {} : { timestamp: event.timestamp }),
      data: new RawJson(data),
      ...(metadata === undefined ? {} : { metadata: new RawJson(metadata) }),
    });
    const { tenant } = caller;
    try {
      const { duplicate } = await this.bus.publishEvent({
        tenant,
        type: event.type,
        body,
        dedupId: `${tenant}/${id}`,
      });
      return { id, duplicate };
    } catch (error) {
      const problem = problemOf(error);
      throw new Problem(problem.code, { ...problem.details, evidence: { event_id: id } }, { cause: error });
    }
  }
}
