import { randomUUID } from 'node:crypto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.js';
import { FoldedExporter } from './folded-exporter.js';
import { Tracing } from './tracing.js';
import type { TracingSettings } from './tracing-settings.js';

/**
 * What bounds the cost of a collector that is slow or away: so many spans wait, the rest is dropped; one
 * request at a time, retried within its time; at the end of the process the next few.
 */
const WAITING_SPANS = 2_048;
const SPANS_IN_A_REQUEST = 512;
const EVERY_MS = 1_000;
const REQUEST_MS = 5_000;
const REQUESTS_AT_ONCE = 5;
const ATTRIBUTE_CHARS = 2_048;

/** The one place that knows the SDK of OpenTelemetry; see startTracing. */
export function openTracing(settings: TracingSettings, app: string, logger: Logger): Tracing {
  const { url, headers, version, serviceName, attributes } = settings;
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...headers },
    timeoutMillis: REQUEST_MS,
    concurrencyLimit: REQUESTS_AT_ONCE,
  });
  const processor = new BatchSpanProcessor({
    exporter: new FoldedExporter(exporter, logger),
    maxQueueSize: WAITING_SPANS,
    maxExportBatchSize: SPANS_IN_A_REQUEST,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: REQUEST_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.version': version,
      'service.instance.id': randomUUID(),
      ...attributes,
      'service.name': serviceName ?? attributes['service.name'] ?? `tidings-${app}`,
      'tidings.app': app,
    }),
    sampler: samplerOf(settings),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARS },
    spanProcessors: [processor],
  });
  return new Tracing(provider.getTracer('tidings', version), () => provider.shutdown());
}

function samplerOf({ sampler, ratio }: Pick<TracingSettings, 'sampler' | 'ratio'>): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}
