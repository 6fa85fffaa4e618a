import fc from 'fast-check';
import { csvLine } from './csv.js';

/** A reader as RFC 4180 describes one. */
function readCsv(text: string): string[][] {
  const lines: string[][] = [];
  let fields: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && plain === '' && quoted === undefined) break;
    fields.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') {
      lines.push(fields);
      fields = [];
    }
  }
  return lines;
}

describe('a line of CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['with, comma', '"with, comma"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['größe', 'größe'],
    [null, ''],
    [204, '204'],
    [false, 'false'],
    [{ a: 'b' }, '"{""a"":""b""}"'],
  ])('shows %j as %s', (value, shown) => {
    expect(csvLine([value])).toBe(`${shown}\r\n`);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")', '＝1'])(
    'has no spreadsheet take %j for a formula',
    (text) => {
      expect(readCsv(csvLine([text, 1]))[0]).toEqual([`'${text}`, '1']);
    },
  );

  it('is read back as what was written, whatever it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 5 }), { minLength: 1 }),
        (rows) => {
          const read = readCsv(rows.map(csvLine).join(''));
          const bare = (fields: string[]) => fields.map((field) => field.replace(/^'/, ''));
          expect(read.map(bare)).toEqual(rows.map(bare));
        },
      ),
    );
  });
});
