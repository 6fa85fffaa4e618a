import fc from 'fast-check';
import { isSampled, readTraceContext, traceHeaders } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${PARENT}-01`;

/** W3C Trace Context Level 2, section 3.2. */
describe('a traceparent', () => {
  it.each([
    ['of a caller that records', VALID],
    ['of a caller that does not record', `00-${TRACE}-${PARENT}-00`],
    ['with the flag of random ids', `00-${TRACE}-${PARENT}-03`],
    ['with flags that nobody knows yet', `00-${TRACE}-${PARENT}-ff`],
    ['whose trace id begins with zeros', `00-0000000000000000${TRACE.slice(16)}-${PARENT}-01`],
  ])('%s is taken as it is', (_what, traceparent) => {
    expect(readTraceContext(traceparent, undefined)).toEqual({ traceparent });
  });

  it.each([
    ['that goes on', `cc-${TRACE}-${PARENT}-01-what-the-future-holds`, '01'],
    ['that ends with a dash', `cc-${TRACE}-${PARENT}-01-`, '01'],
    ['that is as long as 00', `01-${TRACE}-${PARENT}-00`, '00'],
    ['with flags that nobody knows yet', `fe-${TRACE}-${PARENT}-ff`, '01'],
  ])('of a later version %s is brought to 00', (_what, traceparent, flags) => {
    expect(readTraceContext(traceparent, undefined)).toEqual({
      traceparent: `00-${TRACE}-${PARENT}-${flags}`,
    });
  });

  it.each([
    ['that is empty', ''],
    ['that is no traceparent', 'hello'],
    ['of version ff', `ff-${TRACE}-${PARENT}-01`],
    ['of version 00 that goes on', `${VALID}-more`],
    ['of version 00 that ends with a dash', `${VALID}-`],
    ['of a later version that goes on without a dash', `cc-${TRACE}-${PARENT}-01.what`],
    ['whose version is one digit', `0-${TRACE}-${PARENT}-01`],
    ['whose version is no number', `.0-${TRACE}-${PARENT}-01`],
    ['whose trace id is all zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['whose trace id has another character', `00-.${TRACE.slice(1)}-${PARENT}-01`],
    ['whose trace id is short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['whose trace id is long', `00-${TRACE}0-${PARENT}-01`],
    ['whose parent id is all zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['whose parent id has another character', `00-${TRACE}-.${PARENT.slice(1)}-01`],
    ['whose parent id is short', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['whose parent id is long', `00-${TRACE}-${PARENT}0-01`],
    ['whose flags are one digit', `00-${TRACE}-${PARENT}-1`],
    ['whose flags are no number', `00-${TRACE}-${PARENT}-.1`],
    ['without flags', `00-${TRACE}-${PARENT}`],
    ['in capitals', VALID.toUpperCase()],
    ['with another separator', VALID.replaceAll('-', '_')],
    ['with blanks around it', ` ${VALID} `],
    ['with a line break behind it', `${VALID}\n`],
    ['that was there twice', `${VALID}, ${VALID}`],
  ])('%s is as if it were not there', (_what, traceparent) => {
    expect(readTraceContext(traceparent, 'a=1')).toBeUndefined();
  });

  it('says whether its caller records', () => {
    for (const [flags, sampled] of [
      ['00', false],
      ['01', true],
      ['02', false],
      ['03', true],
    ] as const)
      expect(isSampled({ traceparent: `00-${TRACE}-${PARENT}-${flags}` })).toBe(sampled);
  });

  it('of any kind is no error, and what is taken is always of version 00', () => {
    const hex = (length: number) =>
      fc.array(fc.constantFrom(...'0123456789abcdefA.'), { minLength: length, maxLength: length });
    const alike = fc
      .tuple(hex(2), hex(32), hex(16), hex(2), fc.string())
      .map(([v, t, p, f, rest]) => `${[v, t, p, f].map((part) => part.join('')).join('-')}${rest}`);
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), alike),
        fc.option(fc.string(), { nil: undefined }),
        (parent, state) => {
          const read = readTraceContext(parent, state);
          if (!read) return;
          expect(read.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
          for (const value of Object.values(traceHeaders(read))) expect(value).toMatch(/^[\t\x20-\x7e]+$/);
        },
      ),
    );
  });
});

/** W3C Trace Context Level 2, section 3.3. */
describe('a tracestate', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=${i}`).join(',');

  it.each([
    ['with one member', 'rojo=00f067aa0ba902b7'],
    ['with several', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    ['with blanks and tabs between them', 'rojo=1 \t, \tcongo=2'],
    ['with empty members', 'rojo=1,,congo=2,'],
    ['of several tenants', 'fw529a3039@dt=FfIe,4fo@rojo=1'],
    ['whose values have blanks inside', 'rojo=a b'],
    ['with the same key twice', 'rojo=1,rojo=2'],
    ['with 32 members', many(32)],
    ['with 512 characters', `a=${'x'.repeat(251)},b=${'y'.repeat(256)}`],
  ])('%s is taken as it is', (_what, tracestate) => {
    expect(readTraceContext(VALID, tracestate)).toEqual({ traceparent: VALID, tracestate });
  });

  it.each([
    ['that is empty', ''],
    ['of empty members only', ' ,, '],
    ['without a value', 'rojo'],
    ['with an empty value', 'rojo='],
    ['with an empty key', '=1'],
    ['whose key has capitals', 'Rojo=1'],
    ['whose key begins with another character', '_rojo=1'],
    ['whose key is too long', `${'k'.repeat(257)}=1`],
    ['whose value is too long', `k=${'v'.repeat(257)}`],
    ['whose value has an equals sign', 'rojo=1=2'],
    ['whose value has a line break', 'rojo=1\r\nx-evil: 1'],
    ['whose value is not ASCII', 'rojo=é'],
    ['of which one member is bad', 'rojo=1,Bad=2'],
    ['with 33 members', many(33)],
    ['that has no end', 'a=1,'.repeat(10_000)],
  ])('%s is left out, and the traceparent stays', (_what, tracestate) => {
    expect(readTraceContext(VALID, tracestate)).toEqual({ traceparent: VALID });
  });

  it('of more than 512 characters loses long members first, then those at its end', () => {
    const long = `long=${'x'.repeat(200)}`;
    const short = Array.from({ length: 6 }, (_, i) => `k${i}=${'y'.repeat(90)}`);
    const read = readTraceContext(VALID, [short[0], long, ...short.slice(1)].join(','));
    expect(read?.tracestate).toBe(short.slice(0, 5).join(','));
  });

  it('is nothing without a traceparent', () => {
    expect(readTraceContext(undefined, 'rojo=1')).toBeUndefined();
  });
});
