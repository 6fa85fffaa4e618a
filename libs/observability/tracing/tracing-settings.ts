/** What decides whether a trace that begins here, or that others began, is recorded; named as OpenTelemetry does. */
export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

/** Where spans go, and which. */
export interface TracingSettings {
  /** Where they are POSTed to, as OTLP's JSON. */
  url: string;
  /** Of each such request. */
  headers: Readonly<Record<string, string>>;
  sampler: SamplerName;
  /** The share of traces that a ratio records, from 0 to 1. */
  ratio: number;
  /** What the processes are called, where it is not `tidings-<app>`. */
  serviceName?: string | undefined;
  /** More that is said of each process. */
  attributes: Readonly<Record<string, string>>;
  version: string;
}
