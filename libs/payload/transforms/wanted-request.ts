import {
  HEADER_LIMITS,
  headerNameFault,
  headerValueFault,
  isEventType,
  normalTimestamp,
  WEBHOOK_METHODS,
} from '#domain';
import type { ConsoleLine, TransformInput, TransformOutcome, WantedRequest } from './transform.js';

const MORE = 'More was written, and is not kept.';
const CONSOLE_BYTES = 8_192 - MORE.length;
const CONSOLE_LINES = 512;
const MESSAGE_CHARS = 1_000;
const PATH_BYTES = 2_048;
const LEVELS: readonly string[] = ['debug', 'log', 'info', 'warn', 'error'];
/** Of texts that are kept and shown: PostgreSQL keeps no NUL, and a terminal obeys escapes. */
// eslint-disable-next-line no-control-regex
const NOT_SHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

class Unsendable extends Error {}

/** What a process of the sandbox told, of whose shape nothing is known. */
export interface SandboxAnswer {
  kind: 'request' | 'dropped' | 'refused' | 'sound';
  control: Record<string, unknown>;
  parts: Buffer[];
  console: ConsoleLine[];
  /** As the process says; undefined when it says no such thing. */
  ms: number | undefined;
}

/** @returns undefined when it is not what a process of the sandbox answers */
export function readAnswer([head, ...parts]: Buffer[]): SandboxAnswer | undefined {
  const control = parsed(head);
  if (!isObject(control)) return undefined;
  const { kind, ms, console } = control;
  if (kind !== 'request' && kind !== 'dropped' && kind !== 'refused' && kind !== 'sound') return undefined;
  const taken = typeof ms === 'number' && ms >= 0 ? ms : undefined;
  return { kind, control, parts, console: consoleOf(console), ms: taken };
}

/** The outcome of a run from its answer; everything in it is checked here, whatever the sandbox has checked. */
export function outcomeOf(answer: SandboxAnswer, input: TransformInput): TransformOutcome {
  switch (answer.kind) {
    case 'dropped':
      return { kind: 'dropped' };
    case 'refused':
      return failed(refusalOf(answer) ?? 'it is not told why');
    case 'sound':
      return failed('the sandbox gave no answer that can be read');
    case 'request':
      try {
        return { kind: 'request', wanted: wantedOf(answer, input) };
      } catch (error) {
        if (error instanceof Unsendable) return failed(shown(error.message, MESSAGE_CHARS));
        throw error;
      }
  }
}

/** Why a process refused what it was given; undefined when it did not. */
export function refusalOf(answer: SandboxAnswer | undefined): string | undefined {
  if (answer?.kind !== 'refused') return undefined;
  return shown(answer.parts[0]?.toString() ?? '', MESSAGE_CHARS);
}

/** A sentence of a failed run. */
export function failed(message: string): TransformOutcome {
  return { kind: 'failed', message: `The transform failed: ${message}.` };
}

function wantedOf({ control, parts }: SandboxAnswer, input: TransformInput): WantedRequest {
  const [body, data, metadata] = parts;
  const method = textOf(control, 'method') ?? input.method;
  const known = WEBHOOK_METHODS.find((one) => one === method);
  if (!known) throw new Unsendable(`method must be one of ${WEBHOOK_METHODS.join(', ')}, but is ${method}`);
  const path = textOf(control, 'path') ?? input.path;
  const whole = json(body, 'body');
  return {
    body: whole ?? null,
    event: whole ? null : eventOf(control, json(data, 'data'), json(metadata, 'metadata'), input),
    headers: headersOf(control['headers']),
    method: known === input.method ? null : known,
    path: path === input.path ? null : checkedPath(path),
  };
}

function eventOf(
  control: Record<string, unknown>,
  data: Buffer | undefined,
  metadata: Buffer | undefined,
  input: TransformInput,
): WantedRequest['event'] {
  const type = textOf(control, 'type') ?? input.type;
  const asked = textOf(control, 'timestamp');
  if (!data && !metadata && type === input.type && asked === undefined) return null;
  if (!isEventType(type)) throw new Unsendable('type must be an event type such as task.completed');
  const timestamp = asked === undefined ? input.timestamp : normalTimestamp(asked);
  if (timestamp === undefined) throw new Unsendable('timestamp must be a time of RFC 3339');
  const meta = metadata?.toString() ?? input.metadata;
  if (metadata && !/^(\{|null$)/.test(metadata.toString('latin1', 0, 8)))
    throw new Unsendable('metadata must be an object or null');
  return { type, timestamp, data: data ?? input.data, metadata: meta === 'null' ? null : meta };
}

function headersOf(headers: unknown): Record<string, string> {
  if (headers === undefined) return {};
  if (!isObject(headers)) throw new Unsendable('headers must be an object');
  const entries = Object.entries(headers);
  if (entries.length > HEADER_LIMITS.count)
    throw new Unsendable(`headers must be at most ${HEADER_LIMITS.count}, but are ${entries.length}`);
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    const where = `headers.${name.slice(0, HEADER_LIMITS.name)}`;
    const wrong =
      headerNameFault(name) ?? (typeof value === 'string' ? headerValueFault(value) : 'must be text');
    if (wrong !== undefined) throw new Unsendable(`${where} ${wrong}`);
    if (seen.has(name.toLowerCase())) throw new Unsendable(`${where} is given twice`);
    seen.add(name.toLowerCase());
    bytes += name.length + (value as string).length;
  }
  if (bytes > HEADER_LIMITS.bytes)
    throw new Unsendable(
      `headers must have at most ${HEADER_LIMITS.bytes} bytes together, but have ${bytes}`,
    );
  return headers as Record<string, string>;
}

/** Path and query as the URL standard writes them, on whatever origin the webhook has. */
function checkedPath(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES)
    throw new Unsendable(`path must have at most ${PATH_BYTES} bytes, but has ${bytes}`);
  if (!path.startsWith('/')) throw new Unsendable('path must begin with /');
  if (/[\\#\p{Cc}]/u.test(path) || !path.isWellFormed())
    throw new Unsendable('path must hold no backslash, no fragment and no control characters');
  const origin = 'https://receiver.invalid';
  const url = path.startsWith('//') ? null : URL.parse(path, origin);
  // What is left when dots are worked out may begin with // too: /.//elsewhere.
  if (!url || url.origin !== origin || url.pathname.startsWith('//'))
    throw new Unsendable('path must not begin with //, which would name another host');
  const normal = url.pathname + url.search;
  if (Buffer.byteLength(normal) > PATH_BYTES)
    throw new Unsendable(`path must have at most ${PATH_BYTES} bytes when it is percent-encoded`);
  return normal;
}

/** Its bytes, when they are JSON; undefined for none. */
function json(bytes: Buffer | undefined, what: string): Buffer | undefined {
  if (!bytes || bytes.length === 0) return undefined;
  if (parsed(bytes) === undefined) throw new Unsendable(`${what} is not JSON`);
  return bytes;
}

function textOf(control: Record<string, unknown>, name: string): string | undefined {
  const value = control[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new Unsendable(`${name} must be text`);
}

function consoleOf(told: unknown): ConsoleLine[] {
  if (!isObject(told) || !Array.isArray(told['lines'])) return [];
  const lines: ConsoleLine[] = [];
  let room = CONSOLE_BYTES;
  for (const line of (told['lines'] as unknown[]).slice(0, CONSOLE_LINES)) {
    if (!Array.isArray(line)) continue;
    const [level, said] = line as unknown[];
    if (typeof level !== 'string' || !LEVELS.includes(level) || typeof said !== 'string') continue;
    const text = fitting(shown(said, room), room);
    room -= Buffer.byteLength(text);
    lines.push({ level: level as ConsoleLine['level'], text });
    if (room <= 0) break;
  }
  if (told['more'] === true) lines.push({ level: 'warn', text: MORE });
  return lines;
}

function shown(text: string, chars: number): string {
  return text.slice(0, chars).toWellFormed().replace(NOT_SHOWN, '\ufffd');
}

function fitting(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .toString('utf8', 0, bytes)
    .replace(/\ufffd+$/, '');
}

function parsed(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '');
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
