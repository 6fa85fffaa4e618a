export { tuneGarbageCollection } from './garbage-collection.js';
export { createLogger, nestLogger, type Logger } from './logger.js';
export { createRegistry, METRICS, OPS_LIMITS, OpsModule, type HealthChecks } from './ops.module.js';
export { runProcess, type RunningApp } from './process.js';
export { redact } from './redact.js';
export { startTracing } from './tracing/start-tracing.js';
export type { SpanNotes, TracedSpan, Tracing } from './tracing/tracing.js';
export type { TracingSettings } from './tracing/tracing-settings.js';
