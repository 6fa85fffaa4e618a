import fc from 'fast-check';
import { decodeOwed, encodeOwed } from './owed-delivery.js';
import { owedDelivery } from './testing/owed-for-tests.js';

describe('the frame of an owed delivery', () => {
  it('keeps every byte of the payload, newlines and what is not UTF-8 included', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }), (data, text) => {
        const owed = owedDelivery({ event: text, event_type: `line\nbreak ${text.toWellFormed()}` });
        const read = decodeOwed(encodeOwed(owed, data));
        expect(read.data).toEqual(Buffer.from(data));
        expect(read.owed).toEqual(owed);
      }),
    );
  });

  it('is read from the middle of a larger buffer', () => {
    const owed = owedDelivery();
    const frame = encodeOwed(owed, Buffer.from('"ü"'));
    const larger = Buffer.concat([Buffer.from('before\n'), frame, Buffer.from('after')]);
    const read = decodeOwed(larger.subarray(7, 7 + frame.length));
    expect([read.owed, read.data.toString()]).toEqual([owed, '"ü"']);
  });

  it('has no metadata where an earlier version wrote it, and keeps their bytes where this one did', () => {
    const { metadata: _none, ...earlier } = owedDelivery();
    const line = Buffer.from(`${JSON.stringify(earlier)}\n{"n":1}`);
    expect(decodeOwed(line).owed.metadata).toBeUndefined();
    const metadata = '{ "b": 1.50,\n"a": 9007199254740993 }';
    const { owed, data } = decodeOwed(encodeOwed(owedDelivery({ metadata }), Buffer.from('1')));
    expect([owed.metadata, data.toString()]).toEqual([metadata, '1']);
  });

  it.each(['', 'no line of JSON', '{"half\n', '\n{}'])('is not found in %j', (text) => {
    expect(() => decodeOwed(Buffer.from(text))).toThrow(SyntaxError);
  });
});
