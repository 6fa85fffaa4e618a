import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { RenderError } from '../template/render-error.js';
import { MOST_LEVELS } from './json-node.js';
import { rewriteJson } from './rewrite-json.js';

/** A Python that reads and writes JSON as receivers do, a line each. */
const PYTHON = `
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    body = json.loads(request["text"])
    print(json.dumps(body, sort_keys=request["sorted"], separators=(",", ":")), flush=True)
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('There is no python3 here: what Python writes is not compared.\n');
    return false;
  }
}
const withPython = hasPython() ? describe : describe.skip;

const aNumber = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom(
    '-0',
    '-0.0',
    '1.0',
    '1e5',
    '1E+16',
    '1e16',
    '123456789012345680.0',
    '1e-5',
    '0.0001',
    '5e-324',
  ),
);
/** JSON texts in which numbers are written in many ways, and keys come in any order and twice. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    aNumber,
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'false', 'null', '[]', '{ }', '"\\u00e9\\/\\ud83d"'),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[ ${items.join(' ,\n')}]`),
    fc
      .array(
        fc.tuple(fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.nat(20).map(String)), tie('json')),
        {
          maxLength: 5,
        },
      )
      .map(
        (members) => `{${members.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(', ')} }`,
      ),
  ),
}));

withPython('JSON that is written again for receivers in Python', () => {
  let python: ChildProcessWithoutNullStreams;
  let answers: AsyncIterator<string>;
  beforeAll(() => {
    python = spawn('python3', ['-c', PYTHON]);
    answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  });
  afterAll(() => {
    python.kill();
  });
  const asPython = async (text: string, sorted: boolean): Promise<string> => {
    python.stdin.write(`${JSON.stringify({ text, sorted })}\n`);
    return String((await answers.next()).value);
  };

  it('and sorted is what Python writes of the original', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        expect(rewriteJson(text, 'python_sorted')).toBe(await asPython(text, true));
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it('stays as it is when Python reads and writes it, in every style', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        const sorted = rewriteJson(text, 'python_sorted');
        expect(await asPython(sorted, true)).toBe(sorted);
        const common = rewriteJson(text, 'python_or_javascript');
        expect(await asPython(common, false)).toBe(common);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

describe('JSON that is written again', () => {
  const isPlain = (text: string) => /^[\x20-\x7e]*$/.test(JSON.stringify(JSON.parse(text)));

  it('stays as it is in JavaScript too, where the two languages have one text', () => {
    fc.assert(
      fc.property(
        fc.json({ noUnicodeString: true }).filter((text) => isPlain(text)),
        (text) => {
          const common = rewriteJson(text, 'python_or_javascript');
          if (/\d\.?\d*e-|[^\d]0\.0000/.test(common)) return;
          expect(JSON.stringify(JSON.parse(common))).toBe(common);
        },
      ),
    );
  });

  it.each([
    ['1.0', '1'],
    ['{"b":1,"2":2,"a":3,"1":4}', '{"1":4,"2":2,"b":1,"a":3}'],
    ['12345678901234567890', '12345678901234567890'],
    ['0.00001', '1e-05'],
    ['"é😀"', '"\\u00e9\\ud83d\\ude00"'],
    ['{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'],
  ])('makes of %s the text %s', (text, written) => {
    expect(rewriteJson(text, 'python_or_javascript')).toBe(written);
  });

  it('is refused where it nests deeper than Python can read', () => {
    const levels = (count: number) => '['.repeat(count) + ']'.repeat(count);
    expect(rewriteJson(levels(MOST_LEVELS), 'python_sorted')).toBe(levels(MOST_LEVELS));
    expect(() => rewriteJson(levels(MOST_LEVELS + 2), 'python_sorted')).toThrow(RenderError);
    expect(() => rewriteJson(levels(100_000), 'python_sorted')).toThrow(RenderError);
  });
});
