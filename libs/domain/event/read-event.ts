import { derivedId, type EventId, type TenantId } from '../ids.js';
import { isOperationalType, OPERATIONAL_MARK } from '../operational-events/operational-type.js';
import type { DomainEvent } from './domain-event.js';
import { isEventType } from './event-type.js';
import { jsonMembers } from './json-members.js';
import { readTraceContext, type TraceContext } from './trace-context.js';

/** A message as it lies in the stream EVENTS. */
export interface EventMessage {
  tenant: TenantId;
  /** The type as the subject has it. */
  type: string;
  /** A header by its name, whatever its case; undefined when absent. */
  header: (name: string) => string | undefined;
  /** The names of the headers there are. */
  headerNames: () => string[];
  payload: Uint8Array;
  /** The stream that it lies in, where that is not EVENTS. */
  stream?: string | undefined;
  sequence: number;
  /** When JetStream stored it, milliseconds since 1970. */
  storedAt: number;
}

export type RejectionReason =
  | 'empty'
  | 'not_utf8'
  | 'not_json'
  | 'invalid_type'
  /** It begins with `tidings.`, and the message is none of Tidings' own. */
  | 'reserved_type'
  | 'invalid_id'
  | 'invalid_timestamp'
  | 'invalid_metadata'
  | 'invalid_cloudevent';

export type ReadResult = { ok: true; event: DomainEvent } | { ok: false; reason: RejectionReason };

/** What a shape of message says; what it leaves out is found elsewhere. */
interface Content {
  id?: unknown;
  type?: unknown;
  timestamp?: unknown;
  data: string;
  metadata: string | null;
  /** What it says of the trace that it began in; that of the message itself goes before it. */
  trace?: TraceContext | undefined;
}

class Unreadable extends Error {
  constructor(readonly reason: RejectionReason) {
    super(reason);
  }
}

const ENVELOPE_MEMBERS = new Set(['id', 'type', 'timestamp', 'data', 'metadata']);
const CLOUDEVENT_CORE = new Set(['specversion', 'id', 'type', 'time', 'data', 'data_base64']);
/** What a receiver can be sent in the header `webhook-id`. */
const EVENT_ID = /^[\x21-\x7e]{1,200}$/;
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a message of any of the accepted shapes: plain JSON, the envelope,
 * CloudEvents structured and binary. What the message itself says of id, type
 * and time comes before its headers and its subject. An id that nobody gave
 * follows from the place in the stream, so that reading again gives it again.
 * @returns the event, or why it cannot be one; never throws
 */
export function readEvent(message: EventMessage): ReadResult {
  try {
    return { ok: true, event: toEvent(message, contentOf(message)) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, reason: error.reason };
    throw error;
  }
}

/** The id of a message that has none of its own: it follows from where it lies. */
export function idFromPlace({
  storedAt,
  stream,
  sequence,
}: Pick<EventMessage, 'storedAt' | 'stream' | 'sequence'>): EventId {
  return derivedId('evt', storedAt, stream === undefined ? `${sequence}` : `${stream}/${sequence}`);
}

/** Whether the text may be the id of an event: 1 to 200 visible ASCII characters. */
export function isEventId(text: string): boolean {
  return EVENT_ID.test(text);
}

/** The time as RFC 3339 in UTC with milliseconds; undefined when the text is no RFC 3339 time. */
export function normalTimestamp(text: string): string | undefined {
  if (!RFC3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function toEvent(message: EventMessage, content: Content): DomainEvent {
  const type = content.type ?? message.type;
  if (typeof type !== 'string' || !isEventType(type)) throw new Unreadable('invalid_type');
  if (isOperationalType(type) && !isOurs(message)) throw new Unreadable('reserved_type');
  const id = content.id ?? message.header('Nats-Msg-Id') ?? idFromPlace(message);
  if (typeof id !== 'string' || !isEventId(id)) throw new Unreadable('invalid_id');
  return {
    id,
    tenant: message.tenant,
    type,
    timestamp: timestampOf(content.timestamp) ?? new Date(message.storedAt).toISOString(),
    acceptedAt: message.storedAt,
    data: content.data,
    metadata: content.metadata,
    trace: traceOf(message) ?? content.trace,
  };
}

/** What says of itself in its body that it is operational has another subject, which its publisher may have the right to. */
function isOurs({ type, stream, header }: EventMessage): boolean {
  return (
    stream === undefined &&
    isOperationalType(type) &&
    header(OPERATIONAL_MARK.header) === OPERATIONAL_MARK.value
  );
}

/** The trace that the headers of a message name. */
export function traceOf({ header }: Pick<EventMessage, 'header'>): TraceContext | undefined {
  const traceparent = header('traceparent');
  return traceparent === undefined ? undefined : readTraceContext(traceparent, header('tracestate'));
}

function timestampOf(given: unknown): string | undefined {
  if (given === undefined || given === null) return undefined;
  const normal = typeof given === 'string' ? normalTimestamp(given) : undefined;
  if (normal === undefined) throw new Unreadable('invalid_timestamp');
  return normal;
}

function contentOf(message: EventMessage): Content {
  if (message.header('ce-specversion') !== undefined) return binaryCloudEvent(message);
  const text = decode(message.payload);
  const value = parse(text);
  if (message.header('content-type')?.startsWith('application/cloudevents+json') === true) {
    return structuredCloudEvent(value, text);
  }
  return isEnvelope(value) ? envelope(value, text) : { data: text, metadata: null };
}

function isEnvelope(value: unknown): value is Record<string, unknown> {
  return isObject(value) && 'data' in value && Object.keys(value).every((key) => ENVELOPE_MEMBERS.has(key));
}

function envelope(value: Record<string, unknown>, text: string): Content {
  const raw = jsonMembers(text);
  if (value.metadata !== undefined && value.metadata !== null && !isObject(value.metadata)) {
    throw new Unreadable('invalid_metadata');
  }
  return {
    id: value.id ?? undefined,
    type: value.type ?? undefined,
    timestamp: value.timestamp,
    data: raw.get('data') ?? 'null',
    metadata: isObject(value.metadata) ? (raw.get('metadata') ?? null) : null,
  };
}

/** CloudEvents 1.0, JSON event format, section 3. */
function structuredCloudEvent(value: unknown, text: string): Content {
  if (!isObject(value) || typeof value.specversion !== 'string') throw new Unreadable('invalid_cloudevent');
  const attributes = Object.entries(value).filter(([name]) => !CLOUDEVENT_CORE.has(name));
  return {
    id: value.id ?? undefined,
    type: value.type ?? undefined,
    timestamp: value.time,
    data:
      typeof value.data_base64 === 'string' ? fromBase64(value) : (jsonMembers(text).get('data') ?? 'null'),
    metadata: JSON.stringify(Object.fromEntries(attributes)),
    trace: traceOfAttributes(value.traceparent, value.tracestate),
  };
}

function fromBase64(value: Record<string, unknown>): string {
  const encoded = value.data_base64 as string;
  if (!isJson(value.datacontenttype)) return JSON.stringify(encoded);
  const text = decode(Buffer.from(encoded, 'base64'));
  parse(text);
  return text;
}

/** CloudEvents 1.0, NATS protocol binding, section 3.1: attributes are headers, the payload is the data. */
function binaryCloudEvent(message: EventMessage): Content {
  const attributes: Record<string, string> = {};
  const contentType = message.header('content-type');
  if (contentType !== undefined) attributes.datacontenttype = contentType;
  for (const header of message.headerNames()) {
    const name = header.toLowerCase();
    if (!name.startsWith('ce-')) continue;
    if (!CLOUDEVENT_CORE.has(name.slice(3))) attributes[name.slice(3)] = message.header(header) ?? '';
  }
  return {
    id: message.header('ce-id'),
    type: message.header('ce-type'),
    timestamp: message.header('ce-time'),
    data: binaryData(message.payload, contentType),
    metadata: JSON.stringify(attributes),
    trace: traceOfAttributes(attributes.traceparent, attributes.tracestate),
  };
}

/** CloudEvents, Distributed Tracing extension: how a message came is told by its headers, how its event began by these. */
function traceOfAttributes(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  return readTraceContext(traceparent, typeof tracestate === 'string' ? tracestate : undefined);
}

function binaryData(payload: Uint8Array, contentType: string | undefined): string {
  if (payload.length === 0) return 'null';
  const text = decode(payload);
  if (!isJson(contentType)) return JSON.stringify(text);
  parse(text);
  return text;
}

/** A content type that is absent means JSON, as CloudEvents has it. */
function isJson(contentType: unknown): boolean {
  return typeof contentType !== 'string' || /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decode(payload: Uint8Array): string {
  if (payload.length === 0) throw new Unreadable('empty');
  try {
    return utf8.decode(payload);
  } catch {
    throw new Unreadable('not_utf8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable('not_json');
  }
}
