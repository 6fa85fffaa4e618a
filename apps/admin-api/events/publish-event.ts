import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Bus, EventCatalogues } from '#bus';
import { METRICS, type Registry } from '#observability';
import { isOperationalType, jsonItems, jsonMembers, newId, type TraceContext } from '#domain';
import type { Caller } from '../access/caller.js';
import { jsonObject, RawJson } from '../http/raw-json.js';
import { invalidRequest } from '../problems/problem.js';
import { problemOf } from '../problems/problem-of.js';
import { Problem } from '../problems/problem.js';
import { schemaFaults } from '../problems/schema-faults.js';
import { newEvent, type AcceptedEvent, type BatchItem, type NewEvent } from './event-schemas.js';

/** Puts events that came by REST into the stream, in the envelope that publishers on NATS use too. */
@Injectable()
export class PublishEvent {
  private readonly published: Counter<'outcome'>;

  constructor(
    private readonly bus: Bus,
    private readonly catalogues: EventCatalogues,
    @Inject(METRICS) registry: Registry,
  ) {
    this.published = new Counter({
      name: 'tidings_events_published_total',
      help: 'Events that came by REST, by whether JetStream stored them, knew them already (duplicate), or did not take them (failed).',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  /**
   * @param event the body, checked
   * @param text the body as it came; data and metadata are taken from it byte for byte
   * @param trace the trace that the request belongs to
   * @returns once the stream has it
   * @throws Problem 422 when the type is reserved, or a strict tenant's catalogue has no such event; 503 that carries the id, so that
   *   sending it again with this id is accepted once
   */
  async publish(
    { tenant }: Caller,
    event: NewEvent,
    text: string,
    trace: TraceContext | undefined,
  ): Promise<AcceptedEvent> {
    const raw = jsonMembers(text);
    const data = raw.get('data');
    if (data === undefined) throw invalidRequest([{ path: 'data', message: 'is required' }]);
    if (isOperationalType(event.type))
      throw new Problem('reserved_event_type', {
        detail: `${event.type}: types that begin with tidings. are those of Tidings' own events.`,
      });
    await this.refuseStrangers(tenant, event.type, data);
    const id = event.id ?? newId('evt');
    const metadata = event.metadata ? raw.get('metadata') : undefined;
    const body = jsonObject({
      id,
      type: event.type,
      ...(event.timestamp === undefined ? {} : { timestamp: event.timestamp }),
      data: new RawJson(data),
      ...(metadata === undefined ? {} : { metadata: new RawJson(metadata) }),
    });
    try {
      const dedupId = `${tenant}/${id}`;
      const { duplicate } = await this.bus.publishEvent({ tenant, type: event.type, body, dedupId, trace });
      this.published.inc({ outcome: duplicate ? 'duplicate' : 'stored' });
      return { id, duplicate };
    } catch (error) {
      this.published.inc({ outcome: 'failed' });
      const problem = problemOf(error);
      throw new Problem(problem.code, { ...problem.details, evidence: { event_id: id } }, { cause: error });
    }
  }

  /**
   * Publishes many, all at once; what is wrong with one keeps none of the others out.
   * @param text the body as it came
   * @param trace the trace that the request belongs to, and with it each of them
   * @returns an answer for each, in their order, once the stream has all that it takes
   */
  publishBatch(
    caller: Caller,
    events: unknown[],
    text: string,
    trace: TraceContext | undefined,
  ): Promise<BatchItem[]> {
    const raw = jsonItems(jsonMembers(text).get('events') ?? '[]');
    return Promise.all(
      events.map(async (event, index): Promise<BatchItem> => {
        try {
          const checked = newEvent.safeParse(event);
          if (!checked.success) throw invalidRequest(schemaFaults(checked.error.issues));
          return { index, ...(await this.publish(caller, checked.data, raw[index] ?? '{}', trace)) };
        } catch (error) {
          const problem = problemOf(error);
          if (problem.code === 'internal') throw error;
          return { index, problem: problem.document() };
        }
      }),
    );
  }

  private async refuseStrangers(tenant: string, type: string, data: string): Promise<void> {
    const refusal = await this.catalogues.refusalOf(tenant, type, data);
    if (!refusal) return;
    const { reason, faults: errors } = refusal;
    const [first] = errors;
    throw new Problem(reason, {
      detail: `${first?.path ?? type} ${first?.message ?? 'is refused'}.`,
      errors,
    });
  }
}
