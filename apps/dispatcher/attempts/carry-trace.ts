import { traceHeaders, type TraceContext } from '#domain';

type Headers = Record<string, string>;

/**
 * Has a request carry the trace on, in what is sent and in what is recorded of it. A webhook whose own headers,
 * format or transform name a trace says so on purpose, and keeps its word.
 */
export function carryTrace(trace: TraceContext, sent: Headers, recorded: Headers): void {
  for (const name in sent) if (TAKEN.test(name)) return;
  const added = traceHeaders(trace);
  Object.assign(sent, added);
  Object.assign(recorded, added);
}

const TAKEN = /^trace(?:parent|state)$/i;
