import fc from 'fast-check';
import { LinearPattern, PatternError } from './linear-pattern.js';

describe('a pattern', () => {
  it.each([
    ['^[a-z]+$', ['abc', '', 'aB', 'a\n']],
    ['b', ['abc', 'ac', 'b']],
    ['^\\d{4}-\\d{2}-\\d{2}$', ['2026-01-31', '2026-1-31', ' 2026-01-31']],
    ['^(?:GB|DE)\\d{2,4}$', ['GB12', 'DE12345', 'FR12']],
    ['^(a|b|)*c?$', ['ababc', '', 'x', 'cc']],
    ['^.$', ['😀', 'ab', '\n', 'é']],
    ['^\\u{1F600}+$', ['😀😀', 'x']],
    ['^\\ud83d\\ude00$', ['😀', '\ud83d']],
    ['^\\p{Lu}\\p{Ll}*$', ['Zoë', 'zoë']],
    ['^[^\\]\\w-]+$', ['!!', ']', 'a', '-']],
    ['^(?<year>\\d{4}){2,}?$', ['20262027', '2026']],
    ['\\.json$|^x', ['a.json', 'ajson', 'xa']],
    ['(^a|b$)', ['ac', 'cb', 'ba']],
    ['', ['', 'anything']],
    ['a{0}b', ['b', 'a']],
    ['^(a?){3}$', ['', 'aaa', 'aaaa']],
  ])('/%s/ finds what RegExp finds', (source, texts) => {
    const pattern = new LinearPattern(source);
    for (const text of texts)
      expect([text, pattern.test(text)]).toEqual([text, new RegExp(source, 'u').test(text)]);
  });

  it('finds what RegExp finds, whatever pattern and text', () => {
    const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '^', '$', '\\w');
    const { pattern: source } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie('pattern'), tie('pattern')).map((two) => two.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map((two) => `(${two.join('|')})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'))
          .map(([of, times]) => `(?:${of})${times}`),
      ),
    }));
    const text = fc.array(fc.constantFrom('a', 'b', '\n', '😀'), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(source, text, (from, given) => {
        expect(new LinearPattern(from).test(given)).toBe(new RegExp(from, 'u').test(given));
      }),
      { numRuns: 500 },
    );
  });

  it.each(['^(a+)+$', '^(a|a)*$', '^(a*)*b$', '(x+x+)+y', '^(\\d+\\d+)*!$', '(.*.*.*.*.*)=$'])(
    '/%s/, which takes others forever, is through with 20,000 characters at once',
    (source) => {
      const pattern = new LinearPattern(source);
      const begun = performance.now();
      pattern.test(`${'a'.repeat(20_000)}!`);
      pattern.test(`${'x'.repeat(20_000)}!`);
      expect(performance.now() - begun).toBeLessThan(1_000);
    },
  );

  it.each([
    ['(?=a)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'back reference'],
    ['(?<n>a)\\k<n>', 'back reference'],
    ['\\ba', '\\b'],
    ['a(', 'no regular expression'],
    ['(a{30}){30}', 'repeats too much'],
    ['((){500}){500}', 'repeats too much'],
    ['a{1000000000}', 'repeats too much'],
    ['x'.repeat(501), 'may have 500'],
  ])('/%s/ is refused', (source, why) => {
    expect(() => new LinearPattern(source)).toThrow(PatternError);
    expect(() => new LinearPattern(source)).toThrow(why);
  });
});
