import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { traceHeaders, type TraceContext } from '#domain';

/** What is said of a span. */
export type SpanNotes = Record<string, string | number | boolean | undefined>;

const KINDS = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT } as const;

/** The flag by which whoever began a trace says that its id is random. */
const RANDOM = 2;

/**
 * Makes spans. It is there only where spans are exported; who has none passes
 * the trace on as it came (docs/adr/0016). No span is ever active: what
 * belongs to one is handed its context, so that nothing is paid for elsewhere.
 */
export class Tracing {
  /** @param stop to be called once, at the end */
  constructor(
    private readonly tracer: Pick<Tracer, 'startSpan'>,
    private readonly stop: () => Promise<void>,
  ) {}

  /**
   * @param parent whose part it is; without one a trace of its own begins
   * @returns the span, which is to be ended
   */
  begin(
    kind: keyof typeof KINDS,
    name: string,
    parent: TraceContext | undefined,
    attributes: SpanNotes,
  ): TracedSpan {
    const from = parent && spanContextOf(parent);
    const context = from ? trace.setSpanContext(ROOT_CONTEXT, from) : ROOT_CONTEXT;
    return new TracedSpan(
      this.tracer.startSpan(name, { kind: KINDS[kind], attributes }, context),
      parent,
      from?.traceFlags,
    );
  }

  /** Sends what is recorded, as far as there is time. Never throws. */
  async close(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([this.stop().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

/** A span, recorded or not. */
export class TracedSpan {
  /**
   * What those after it are told: that they are part of this span; where nothing is recorded, what we were told
   * ourselves, or that whoever began the trace, which was us, does not record it.
   */
  readonly context: TraceContext;

  constructor(
    private readonly span: Span,
    parent: TraceContext | undefined,
    parentFlags = 0,
  ) {
    this.context =
      parent && !span.isRecording() ? parent : contextOf(span.spanContext(), parent, parentFlags);
  }

  note(attributes: SpanNotes): void {
    this.span.setAttributes(attributes);
  }

  /** @param kind a word for what went wrong */
  fail(kind: string, message?: string): void {
    this.span.setAttribute('error.type', kind);
    this.span.setStatus(message === undefined ? FAILED : { ...FAILED, message });
  }

  end(): void {
    this.span.end();
  }
}

const FAILED = { code: SpanStatusCode.ERROR };

function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: parseInt(traceparent.slice(53), 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
}

function contextOf(
  { traceId, spanId, traceFlags }: SpanContext,
  parent: TraceContext | undefined,
  parentFlags: number,
): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-0${traceFlags | (parentFlags & RANDOM)}`;
  return parent ? { ...traceHeaders(parent), traceparent } : { traceparent };
}
