import { BrokenFrame, frameOf, FrameReader, MAX_FRAME_BYTES } from './frames.js';
import { transformInput } from './transform-for-tests.js';
import { outcomeOf, readAnswer } from './wanted-request.js';

const input = transformInput();

function outcome(control: unknown, ...parts: string[]) {
  const answer = readAnswer(
    [control, ...parts].map((part, i) => Buffer.from(i > 0 ? String(part) : JSON.stringify(part))),
  );
  return answer && outcomeOf(answer, input);
}

/** A process that was taken over does not speak as ours does. */
describe('of an answer that a process of the sandbox would not give', () => {
  it.each([[null], [1], ['text'], [[]], [{}], [{ kind: 'ready' }], [{ kind: ['request'] }]])(
    '%j is no answer',
    (control) => {
      expect(outcome(control)).toBeUndefined();
    },
  );

  it('is no JSON', () => {
    expect(readAnswer([])).toBeUndefined();
    expect(readAnswer([Buffer.from('{"kind":')])).toBeUndefined();
  });

  it.each([
    ['a body', [{}, '{"a":', '', ''], 'body is not JSON'],
    ['data', [{}, '', '1} {', ''], 'data is not JSON'],
    ['metadata', [{}, '', '', '{'], 'metadata is not JSON'],
    ['metadata that is no object', [{}, '', '', '[1]'], 'metadata must be an object or null'],
    ['a path', [{ path: '//evil.example' }], 'path must not begin with //'],
    ['a path that is no text', [{ path: {} }], 'path must be text'],
    ['a method', [{ method: 'TRACE' }], 'method must be one of'],
    ['a type', [{ type: 'a\r\nb' }], 'type must be an event type'],
    ['headers', [{ headers: { 'x-forwarded-for': '1' } }], 'would say that'],
    ['headers that are no object', [{ headers: ['a'] }], 'headers must be an object'],
    ['a header that is no text', [{ headers: { X: { toString: 1 } } }], 'headers.X must be text'],
    ['a broken line', [{ headers: { X: 'a\nb' } }], 'headers.X must be visible ASCII'],
    [
      'long headers',
      [{ headers: { A: 'x'.repeat(4_000), B: 'x'.repeat(4_000) } }],
      'headers must have at most 6144 bytes together, but have 8002',
    ],
  ] as [string, [object, ...string[]], string][])(
    '%s that cannot be sent fails',
    (_, [control, ...parts], message) => {
      expect(outcome({ kind: 'request', ...control }, ...parts)).toEqual({
        kind: 'failed',
        message: expect.stringContaining(message) as string,
      });
    },
  );

  it('a reason is cut, and holds no control characters', () => {
    const told = outcome({ kind: 'refused' }, `a\0\u001b[2J${'x'.repeat(5_000)}`);
    expect(told).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/^The transform failed: a\ufffd\ufffd\[2Jx+\.$/) as string,
    });
    expect(JSON.stringify(told).length).toBeLessThan(1_100);
  });

  it('a console of another shape is none, and one that is too long is cut', () => {
    const lines = (console: unknown) =>
      readAnswer([Buffer.from(JSON.stringify({ kind: 'dropped', console }))])?.console;
    for (const odd of [undefined, 5, [], { lines: 5 }, { lines: [1, ['x', 'y'], ['log', 5], [null, 'x']] }])
      expect(lines(odd)).toEqual([]);
    const flood = lines({ lines: Array.from({ length: 10_000 }, () => ['log', 'é'.repeat(100)]) }) ?? [];
    expect(flood.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)).toBeLessThanOrEqual(8_192);
    expect(lines({ lines: Array.from({ length: 10_000 }, () => ['log', '']) })).toHaveLength(512);
  });
});

describe('a message of a process', () => {
  it('is put together from pieces of any size', () => {
    const frame = frameOf(['one', '', Buffer.from('drei')]);
    for (const size of [1, 3, 5, 100]) {
      const reader = new FrameReader();
      let parts: Buffer[] | undefined;
      for (let at = 0; at < frame.length; at += size) parts = reader.read(frame.subarray(at, at + size));
      expect(parts?.map(String)).toEqual(['one', '', 'drei']);
    }
  });

  const uint32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  it.each([
    ['too long', uint32(MAX_FRAME_BYTES + 1)],
    ['as long as can be said', uint32(0xffffffff)],
    ['two', Buffer.concat([frameOf(['a']), frameOf(['b'])])],
    ['with a part that goes beyond it', uint32(8, 5, 0)],
    ['with a part of which half a length is there', uint32(6, 0, 0).subarray(0, 10)],
    ['of five parts', frameOf(['a', 'b', 'c', 'd', 'e'])],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => new FrameReader().read(bytes)).toThrow(BrokenFrame);
  });
});
