/**
 * Runs inside QuickJS before a tenant's code, and takes hold of what it needs
 * of the language before that code can change it. Nothing of the host is in
 * here: what a transform writes by `console` is gathered as JSON text and
 * read by the host afterwards. All that comes out of it is the tenant's word.
 */
export const DRIVER = `(function () {
'use strict';
const { parse, stringify } = JSON;
const { keys, hasOwn } = Object;
const { isArray } = Array;
const { apply } = Reflect;
const text = String;
const cut = String.prototype.slice;
const Internal = InternalError;
const LEVELS = ['debug', 'log', 'info', 'warn', 'error'];
const ROOM = 8192, LINE = 2048, EACH = 16, HEADERS = 50;

let lines = '', taken = 0, more = false, doing = '', fault = '', given;
const FAULT = {};

function shown(value) {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return text(value);
  if (value instanceof Error) return text(value.name) + ': ' + text(value.message);
  try { return stringify(value) ?? text(value); } catch (error) {
    if (error instanceof Internal) throw error;
    return '[object]';
  }
}
function write(level, values) {
  if (taken + EACH >= ROOM) { more = true; return; }
  let line = '';
  for (let i = 0; i < values.length && line.length < LINE; i++) line += (i === 0 ? '' : ' ') + shown(values[i]);
  const room = ROOM - taken - EACH;
  const limit = room < LINE ? room : LINE;
  if (line.length > limit) { line = apply(cut, line, [0, limit]); more = true; }
  taken += line.length + EACH;
  lines += (lines === '' ? '' : ',') + '["' + level + '",' + stringify(line) + ']';
}
const console = {};
for (let i = 0; i < LEVELS.length; i++) {
  const level = LEVELS[i];
  console[level] = function (...values) { write(level, values); };
}
globalThis.console = console;

// The engine's own numbers begin anew with each run, always the same.
let a = 0, b = 0, c = 0, d = 0;
const next = () => {
  const sum = (((a + b) | 0) + d) | 0;
  d = (d + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = ((c << 21) | (c >>> 11)) + sum | 0;
  return sum >>> 0;
};
Math.random = function random() { return ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992; };

function refuse(message) { fault = message; throw FAULT; }
function kindOf(value) {
  if (value === null) return 'null';
  if (isArray(value)) return 'an array';
  const type = typeof value;
  return type === 'object' || type === 'undefined' ? (type === 'object' ? 'an object' : type) : 'a ' + type;
}
function json(value, what) {
  doing = what;
  const written = stringify(value);
  doing = '';
  if (written === undefined) refuse(what + ' is ' + kindOf(value) + ', which is not JSON');
  return written;
}
function textOf(value, name) {
  if (typeof value !== 'string') refuse(name + ' must be text, but is ' + kindOf(value));
  return stringify(value);
}
function headersOf(headers) {
  if (typeof headers !== 'object' || isArray(headers)) refuse('headers must be an object, but are ' + kindOf(headers));
  const names = keys(headers);
  if (names.length > HEADERS) refuse('headers must be at most ' + HEADERS + ', but are ' + names.length);
  let written = '';
  for (let i = 0; i < names.length; i++) {
    let value = headers[names[i]];
    if (value === undefined) continue;
    if (typeof value === 'number' || typeof value === 'boolean') value = text(value);
    written += (written === '' ? '' : ',') + stringify(names[i]) + ':' + textOf(value, 'headers.' + names[i]);
  }
  return '{' + written + '}';
}
function request(value) {
  const asked = (name) => (hasOwn(value, name) ? value[name] : undefined);
  let control = '"kind":"request"';
  let body = '', data = '', metadata = '';
  for (const name of ['path', 'method']) {
    const wanted = asked(name);
    if (wanted !== undefined && wanted !== null) control += ',"' + name + '":' + textOf(wanted, name);
  }
  const headers = asked('headers');
  if (headers !== undefined && headers !== null) control += ',"headers":' + headersOf(headers);
  if (hasOwn(value, 'body')) return ['{' + control + '}', json(value.body, 'body'), '', ''];
  if (hasOwn(value, 'data')) data = json(value.data, 'data');
  const meta = asked('metadata');
  if (meta !== undefined) {
    if (typeof meta !== 'object' || isArray(meta)) refuse('metadata must be an object or null, but is ' + kindOf(meta));
    metadata = json(meta, 'metadata');
  }
  for (const name of ['type', 'timestamp']) {
    const wanted = asked(name);
    if (wanted === undefined || wanted === given[name]) continue;
    control += ',"' + name + '":' + textOf(wanted, name);
  }
  return ['{' + control + '}', body, data, metadata];
}
function answer(value) {
  if (value === null) return ['{"kind":"dropped"}', '', '', ''];
  if (value === undefined) refuse('it returned undefined: return the event, a body, or null to send nothing');
  if (typeof value === 'object' && !isArray(value))
    for (const name of ['body', 'headers', 'path', 'method', 'data'])
      if (hasOwn(value, name)) return request(value);
  return ['{"kind":"request"}', json(value, 'what it returned'), '', ''];
}

return {
  seed(words) { [a, b, c, d] = parse(words); },
  call(transform, head, data, metadata) {
    given = parse(head);
    const { id, type, timestamp, webhook_id, delivery_id, attempt, method, path } = parse(head);
    return transform({
      id, type, timestamp, data: parse(data), metadata: parse(metadata),
      webhook_id, delivery_id, attempt, method, path, headers: {},
    });
  },
  answer(value) {
    try { return answer(value); } catch (error) {
      if (error === FAULT) return ['{"kind":"refused"}', stringify(fault), '', ''];
      throw error;
    }
  },
  describe(error) {
    let name = '', message = '', stack = '';
    try {
      if (typeof error === 'object' && error !== null) {
        name = text(error.name ?? ''); message = text(error.message ?? stringify(error)); stack = text(error.stack ?? '');
      } else message = text(error) + ' was thrown';
    } catch { message = 'an error that cannot be shown was thrown'; }
    const short = (part) => stringify(apply(cut, part, [0, 1000]));
    return '[' + short(name) + ',' + short(message) + ',' + short(stack) + ',' + stringify(doing) + ']';
  },
  written() { return '{"lines":[' + lines + '],"more":' + more + '}'; },
};
})()`;
