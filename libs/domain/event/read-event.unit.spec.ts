import { readEvent, type EventMessage } from './read-event.js';

const storedAt = Date.parse('2026-11-22T10:00:00.000Z');

function message(payload: string | Uint8Array, headers: Record<string, string> = {}): EventMessage {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    tenant: 'default',
    type: 'order.created',
    header: (name) => byName.get(name.toLowerCase()),
    headerNames: () => [...byName.keys()],
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    sequence: 7,
    storedAt,
  };
}

const accepted = (...args: Parameters<typeof message>) => {
  const result = readEvent(message(...args));
  if (!result.ok) throw new Error(`rejected: ${result.reason}`);
  return result.event;
};

const structured = { 'Content-Type': 'application/cloudevents+json; charset=utf-8' };

describe('an event is read', () => {
  it('from plain JSON, whose bytes are the data', () => {
    const text = '{ "b": 1.0, "1": 12345678901234567890 }';
    expect(accepted(text)).toMatchObject({
      type: 'order.created',
      data: text,
      metadata: null,
      timestamp: '2026-11-22T10:00:00.000Z',
    });
  });

  it('from JSON that is no object', () => {
    expect(accepted('[1,2]').data).toBe('[1,2]');
    expect(accepted('"text"').data).toBe('"text"');
  });

  it('from the envelope, whose data keep their bytes', () => {
    const text =
      '{"id":"o-1","type":"order.paid","timestamp":"2026-01-02T03:04:05+01:00","data":{"z":1.0, "a":2},"metadata":{"k":"v"}}';
    expect(accepted(text)).toMatchObject({
      id: 'o-1',
      type: 'order.paid',
      timestamp: '2026-01-02T02:04:05.000Z',
      data: '{"z":1.0, "a":2}',
      metadata: '{"k":"v"}',
    });
  });

  it('as plain JSON when an object with data has other members too', () => {
    const text = '{"data":1,"status":"paid"}';
    expect(accepted(text).data).toBe(text);
  });

  it('from CloudEvents structured', () => {
    const text =
      '{"specversion":"1.0","id":"c-1","source":"/shop","type":"order.paid","time":"2026-01-02T03:04:05Z","data":{"b":1,"a":2}}';
    expect(accepted(text, structured)).toMatchObject({
      id: 'c-1',
      type: 'order.paid',
      timestamp: '2026-01-02T03:04:05.000Z',
      data: '{"b":1,"a":2}',
      metadata: '{"source":"/shop"}',
    });
  });

  it('from CloudEvents structured with base64 data', () => {
    const text = JSON.stringify({
      specversion: '1.0',
      id: 'c',
      source: '/',
      type: 'a',
      data_base64: Buffer.from('{"x":1}').toString('base64'),
    });
    expect(accepted(text, structured).data).toBe('{"x":1}');
  });

  it('from CloudEvents binary', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'c-2',
      'ce-type': 'order.paid',
      'ce-source': '/shop',
      'ce-time': '2026-01-02T03:04:05Z',
      'content-type': 'application/json',
    };
    expect(accepted('{"a":1}', headers)).toMatchObject({
      id: 'c-2',
      type: 'order.paid',
      data: '{"a":1}',
      metadata: '{"datacontenttype":"application/json","source":"/shop"}',
    });
  });

  it('with the id of Nats-Msg-Id where the message has none', () => {
    expect(accepted('{}', { 'Nats-Msg-Id': 'm-1' }).id).toBe('m-1');
    expect(accepted('{"id":"e-1","data":1}', { 'Nats-Msg-Id': 'm-1' }).id).toBe('e-1');
  });

  it('with the same id each time it is read, where nobody gave one', () => {
    expect(accepted('{}').id).toMatch(/^evt_/);
    expect(accepted('{}').id).toBe(accepted('{}').id);
  });
});

describe('a message is rejected', () => {
  it.each<[string, string | Uint8Array, Record<string, string>, string]>([
    ['empty', '', {}, 'empty'],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), {}, 'not_utf8'],
    ['not JSON', '{"a":', {}, 'not_json'],
    ['with a type that cannot be one', '{"type":"a b","data":1}', {}, 'invalid_type'],
    ['with a type that is no text', '{"type":5,"data":1}', {}, 'invalid_type'],
    ['with an id that no header can carry', '{"id":"ä","data":1}', {}, 'invalid_id'],
    ['with a time that is none', '{"timestamp":"yesterday","data":1}', {}, 'invalid_timestamp'],
    ['with metadata that are no object', '{"metadata":[],"data":1}', {}, 'invalid_metadata'],
    ['called a CloudEvent and not one', '{"id":"1"}', structured, 'invalid_cloudevent'],
    [
      'a CloudEvent whose JSON data are not JSON',
      'x',
      { 'ce-specversion': '1.0', 'ce-type': 'a' },
      'not_json',
    ],
  ])('when it is %s', (_title, payload, headers, reason) => {
    expect(readEvent(message(payload, headers))).toEqual({ ok: false, reason });
  });

  it('however deep it nests, without an exception', () => {
    expect(readEvent(message('['.repeat(500_000))).ok).toBe(false);
  });
});

describe('the trace of an event', () => {
  const ids = (parent: string) => `00-0af7651916cd43dd8448eb211c80319c-${parent}-01`;
  const [HOP, ORIGIN] = [ids('b7ad6b7169203331'), ids('00f067aa0ba902b7')];
  const cloudEvent = (more: Record<string, string>) =>
    JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'a', data: 1, ...more });
  const binary = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'a' };

  it('is what the headers of its message say, whatever their case', () => {
    expect(accepted('1', { Traceparent: HOP, TraceState: 'rojo=1' }).trace).toEqual({
      traceparent: HOP,
      tracestate: 'rojo=1',
    });
  });

  it('is nothing without such headers, or with such as are not valid', () => {
    expect(accepted('1').trace).toBeUndefined();
    expect(accepted('1', { traceparent: 'nonsense', tracestate: 'rojo=1' }).trace).toBeUndefined();
    expect(accepted('{"data":1,"metadata":{"traceparent":"nonsense"}}').trace).toBeUndefined();
  });

  it('is what CloudEvents say of how it began, where the message says nothing valid', () => {
    const began = { traceparent: ORIGIN, tracestate: 'rojo=1' };
    expect(accepted(cloudEvent(began), structured).trace).toEqual(began);
    const said = { ...binary, 'ce-traceparent': ORIGIN, 'ce-tracestate': 'rojo=1' };
    expect(accepted('1', said).trace).toEqual(began);
    expect(accepted('1', { ...said, traceparent: 'nonsense' }).trace).toEqual(began);
  });

  it('is that of the message before that of the CloudEvent', () => {
    const came = { traceparent: HOP };
    expect(accepted(cloudEvent({ traceparent: ORIGIN }), { ...structured, ...came }).trace).toEqual(came);
    expect(accepted('1', { ...binary, ...came, 'ce-traceparent': ORIGIN }).trace).toEqual(came);
  });

  it('is nothing where a CloudEvent has something else under that name', () => {
    const text = '{"specversion":"1.0","id":"1","source":"/s","type":"a","traceparent":7,"tracestate":true}';
    expect(accepted(text, structured).trace).toBeUndefined();
  });
});
