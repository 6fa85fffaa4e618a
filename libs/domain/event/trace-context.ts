/**
 * Where in a trace something stands, as W3C Trace Context (Level 2) writes it:
 * what a publisher says with its event, and a receiver is told with its request.
 */
export interface TraceContext {
  /** Version 00: `00-<trace id>-<parent id>-<flags>`. */
  traceparent: string;
  /** What the systems before us noted for their own kind; at most 512 characters. */
  tracestate?: string | undefined;
}

const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
/** Versions that are not there yet begin as 00 does, and may go on after a dash; ff is none. */
const LATER_VERSION = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const ONLY_ZEROS = /^0+$/;
const SAMPLED = 1;

const MEMBER =
  /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MAX_MEMBERS = 32;
/** More than 32 members of the greatest length can have, with a blank or two between them. */
const MAX_READ_CHARS = 17_000;
const KEPT_CHARS = 512;
/** Members above this are the first to be left out. */
const LONG_MEMBER_CHARS = 128;

/**
 * Reads the two headers. What is not valid is as if it were not there: an unreadable `traceparent` takes
 * the `tracestate` with it, an unreadable `tracestate` only itself.
 * @returns undefined without a valid `traceparent`; one of a version that is not there yet is brought to 00, which
 *   is what we know of it
 */
export function readTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | undefined {
  if (traceparent === undefined) return undefined;
  const known = knownTraceparent(traceparent);
  if (known === undefined) return undefined;
  const state = tracestate === undefined ? undefined : knownTracestate(tracestate);
  return state === undefined ? { traceparent: known } : { traceparent: known, tracestate: state };
}

/** Whether whoever wrote it recorded the trace. */
export function isSampled({ traceparent }: TraceContext): boolean {
  return (parseInt(traceparent.slice(-2), 16) & SAMPLED) === SAMPLED;
}

/** The two headers by their names. */
export function traceHeaders({ traceparent, tracestate }: TraceContext): Record<string, string> {
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

function knownTraceparent(text: string): string | undefined {
  const [, trace = '', parent = '', flags] = VERSION_00.exec(text) ?? LATER_VERSION.exec(text) ?? [];
  if (trace === '' || ONLY_ZEROS.test(trace) || ONLY_ZEROS.test(parent)) return undefined;
  if (flags === undefined) return text;
  return `00-${trace}-${parent}-0${parseInt(flags, 16) & SAMPLED}`;
}

function knownTracestate(text: string): string | undefined {
  if (text.length > MAX_READ_CHARS) return undefined;
  const members = text
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  if (!members.every((member) => MEMBER.test(member))) return undefined;
  return text.length <= KEPT_CHARS ? text : shortened(members);
}

/** As the specification has it: long members go first, then the last ones, which were noted longest ago. */
function shortened(members: string[]): string | undefined {
  while (members.join(',').length > KEPT_CHARS) {
    const long = members.findLastIndex((member) => member.length > LONG_MEMBER_CHARS);
    members.splice(long, 1);
  }
  return members.length === 0 ? undefined : members.join(',');
}
