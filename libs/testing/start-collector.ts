import { startReceiver, type Answer, type Answering } from './start-receiver.js';
import { waitFor } from './wait-for.js';

/** A span as it was exported, with its attributes by their names. */
export interface CollectedSpan {
  /** What OTEL_SERVICE_NAME or the process says. */
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly name: string;
  /** As OTLP counts them: 2 server, 3 client, 5 consumer. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** The headers of each export, in the order in which they came. */
  readonly exports: Readonly<Record<string, unknown>>[];
  /** All spans so far. */
  readonly spans: CollectedSpan[];
  /** The spans of a trace, once there are as many. */
  trace(traceId: string, count: number): Promise<CollectedSpan[]>;
  /** Says how exports are answered from now on. */
  answer(answering: Answering | Answer): void;
  stop(): Promise<void>;
}

interface OtlpValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: number | string;
  doubleValue?: number;
}
type OtlpAttributes = { key: string; value: OtlpValue }[];
interface OtlpSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  status?: { code?: number };
  attributes?: OtlpAttributes;
}
interface OtlpExport {
  resourceSpans: {
    resource?: { attributes?: OtlpAttributes };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
}

const FAILED = 2;
const TRACES = '/v1/traces';

/** A collector of traces that speaks OTLP's JSON over HTTP, on a free port of this machine. */
export async function startCollector(): Promise<Collector> {
  let answering: Answering | Answer = accepted();
  const receiver = await startReceiver((request, count) =>
    typeof answering === 'function' ? answering(request, count) : answering,
  );
  const requests = () => receiver.to(TRACES).filter((request) => request.method === 'POST');
  const spans = () => requests().flatMap(({ body }) => spansOf(JSON.parse(body.toString()) as OtlpExport));
  return {
    url: receiver.url,
    get exports() {
      return requests().map(({ headers }) => headers);
    },
    get spans() {
      return spans();
    },
    trace: (traceId, count) =>
      waitFor(() => {
        const found = spans().filter((span) => span.traceId === traceId);
        if (found.length < count)
          throw new Error(`Of the trace ${traceId} there are ${found.length} spans, not ${count}.`);
        return found;
      }, 20_000),
    answer: (next) => {
      answering = next;
    },
    stop: () => receiver.stop(),
  };
}

function accepted(): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
}

function spansOf({ resourceSpans }: OtlpExport): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const said = byName(resource?.attributes);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service: String(said['service.name']),
        resource: said,
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        traceState: span.traceState ?? '',
        failed: span.status?.code === FAILED,
        attributes: byName(span.attributes),
      })),
    );
  });
}

function byName(attributes: OtlpAttributes = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
