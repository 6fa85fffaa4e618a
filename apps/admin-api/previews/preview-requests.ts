import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  Bus,
  NoDispatcherError,
  TestTooLateError,
  type OwedDelivery,
  type Preview,
  type PreviewQuestion,
} from '#bus';
import { deliveryIdOf, jsonMembers, newId, payloadFaults, WebhookNotFound, type TenantId } from '#domain';
import { DataSource, findWebhook, type WebhookRow } from '#persistence';
import { payloadExpired } from '../deliveries/delivery-control.js';
import { acceptedEvent } from '../events/accepted-event.js';
import { previewOf } from '../events/preview/preview-event.js';
import { found } from '../http/found.js';
import { noDispatcher } from '../problems/no-dispatcher.js';
import { invalidRequest } from '../problems/problem.js';
import { sampleData } from '../trials/sample-data.js';
import { curlLine } from './curl-line.js';
import type { TriedTransform, WantedPreview } from './preview-schemas.js';

/** Of data and of metadata that are given. */
const MOST_BYTES = 256 * 1024;
/** With what is around it a request of NATS. */
const MOST_RECORDED_BYTES = 512 * 1024;
const WITHIN_MS = 8_000;
/** A webhook that was just saved is known to the dispatchers a moment later. */
const TRIES = 10;
const AGAIN_MS = 100;

interface SampleEvent {
  owed: OwedDelivery;
  data: string;
}

/** Has dispatchers make requests that are not sent, so that people see what would be. */
@Injectable()
export class PreviewRequests {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
  ) {}

  /**
   * @param text the request's body, from which data and metadata are taken as they came
   * @throws Problem 404, 409, 422; 503 when no dispatcher answers
   */
  async ofWebhook(tenant: TenantId, id: string, wanted: WantedPreview, text: string) {
    const row = await findWebhook(this.database, tenant, id);
    const webhook = found(row, () => new WebhookNotFound(id));
    const { event_id, event_type, format, transform } = wanted;
    const { headers, auth } = webhook;
    refuseUnsound({ headers, auth, format: format ?? webhook.format, transform: transform ?? null });
    const given = membersOf(text);
    if (event_id !== undefined) refuseSample(given);
    const event =
      event_id === undefined
        ? await this.sample(tenant, id, event_type, given)
        : await this.recorded(tenant, id, event_id);
    const { version } = webhook;
    const preview = await this.ask(
      { owed: event.owed, version, format, transform, draft: false },
      event.data,
    );
    const remarks = { truncated: preview.truncated, mtls: webhook.auth.type === 'mtls' };
    const curl = preview.request && curlLine(preview.request, remarks);
    const { request, truncated, before, dropped, error, console } = preview;
    const shown = { request, truncated, curl, before, dropped, error, console };
    return { ...shown, ...whetherReceived(webhook, event) };
  }

  /**
   * What a transform and a format make of a sample, for no webhook.
   * @throws Problem 422; 503 when no dispatcher answers
   */
  async ofTransform(
    tenant: TenantId,
    { event_type, format, transform }: TriedTransform,
    text: string,
  ): Promise<Preview> {
    refuseUnsound({ headers: {}, auth: { type: 'none' }, format, transform });
    const { owed, data } = await this.sample(tenant, `try-${tenant}`, event_type, membersOf(text));
    return this.ask({ owed, format, transform, draft: true }, data);
  }

  private async sample(
    tenant: TenantId,
    webhook: string,
    type: string,
    members: Members,
  ): Promise<SampleEvent> {
    const metadata = members.get('metadata');
    const data = members.get('data') ?? (await sampleData(this.database, tenant, type));
    for (const [path, value] of Object.entries({ data, metadata: metadata ?? '' }))
      if (Buffer.byteLength(value) > MOST_BYTES)
        throw invalidRequest([{ path, message: 'must have at most 256 KiB' }]);
    const now = Date.now();
    const owed = owedAs(tenant, webhook, {
      ...{ id: newId('evt', now), type, accepted_at: now },
      timestamp: new Date(now).toISOString(),
      metadata: metadata === 'null' ? undefined : metadata,
    });
    return { owed, data };
  }

  private async recorded(tenant: TenantId, webhook: string, id: string): Promise<SampleEvent> {
    const event = await acceptedEvent(this.database, tenant, id);
    if (event.data === null) throw payloadExpired(id);
    if (Buffer.byteLength(event.data) > MOST_RECORDED_BYTES)
      throw invalidRequest([{ path: 'event_id', message: 'is too large for a preview: 512 KiB at most' }]);
    const owed = owedAs(tenant, webhook, {
      ...{ id, type: event.type, timestamp: event.timestamp },
      accepted_at: event.accepted_at.getTime(),
      metadata: event.metadata ?? undefined,
    });
    return { owed, data: event.data };
  }

  private async ask(question: PreviewQuestion, data: string): Promise<Preview> {
    for (let tries = 1; ; tries++) {
      const answer = await this.request(question, Buffer.from(data));
      if ('preview' in answer) return answer.preview;
      if (answer.refused !== 'webhook_unknown' || tries === TRIES)
        throw noDispatcher(`No dispatcher could make the request: ${answer.refused}.`);
      await sleep(AGAIN_MS);
    }
  }

  private async request(question: PreviewQuestion, data: Buffer) {
    try {
      return await this.bus.previews.request(question, data, WITHIN_MS);
    } catch (error) {
      if (error instanceof NoDispatcherError) throw noDispatcher('No dispatcher runs.');
      if (!(error instanceof TestTooLateError)) throw error;
      throw noDispatcher(`No dispatcher answered within ${WITHIN_MS / 1_000} s.`);
    }
  }
}

type Members = ReadonlyMap<string, string>;

function membersOf(text: string): Members {
  return text === '' ? new Map<string, string>() : jsonMembers(text);
}

/** @throws Problem 422: what would be sent is the event of the record, and no sample */
function refuseSample(given: Members): void {
  const both = ['event_type', 'data', 'metadata'].filter((path) => given.has(path));
  if (both.length === 0) return;
  throw invalidRequest(both.map((path) => ({ path, message: 'cannot be given together with event_id' })));
}

/** @throws Problem 422, as when a webhook is saved with it */
function refuseUnsound(content: Parameters<typeof payloadFaults>[0]): void {
  const faults = payloadFaults(content);
  if (faults.length > 0) throw invalidRequest(faults);
}

interface EventToShow {
  id: string;
  type: string;
  timestamp: string;
  /** Milliseconds since 1970. */
  accepted_at: number;
  metadata: string | undefined;
}

function owedAs(tenant: TenantId, webhook: string, event: EventToShow): OwedDelivery {
  const { id, type, timestamp, accepted_at, metadata } = event;
  return {
    delivery: deliveryIdOf(id, webhook, accepted_at),
    ...{ tenant, event: id, event_type: type, webhook, timestamp },
    ...{ created_at: accepted_at, owed_at: accepted_at, attempt: 1, trigger: 'test', metadata },
    // What is shown is all there is.
    ...{ sequence: 0, by_reference: false },
  };
}

function whetherReceived(webhook: WebhookRow, { owed, data }: SampleEvent) {
  const { receives, reason, failed_condition } = previewOf(webhook, {
    type: owed.event_type,
    data: JSON.parse(data) as unknown,
    metadata: owed.metadata === undefined ? null : (JSON.parse(owed.metadata) as unknown),
  });
  return { receives, reason, failed_condition };
}
