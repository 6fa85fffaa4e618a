import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MASK } from '#domain';
import { curlLine } from './curl-line.js';

/** A curl that prints what it was given. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-curl-'));
  const script = `#!${process.execPath}\nprocess.stdout.write(JSON.stringify(process.argv.slice(2)));\n`;
  writeFileSync(join(folder, 'curl'), script);
  chmodSync(join(folder, 'curl'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const given = (request: Parameters<typeof curlLine>[0], env: Record<string, string> = {}) =>
  JSON.parse(
    execFileSync('sh', ['-c', curlLine(request)], {
      env: { ...env, PATH: `${folder}:/usr/bin:/bin` },
    }).toString(),
  ) as string[];

describe('the curl line of a request', () => {
  it('gives curl what the request is, whatever is in it', () => {
    const text = fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\0', '').toWellFormed());
    const value = fc.stringMatching(/^[\x20-\x7e]+$/).filter((any) => !any.includes(MASK));
    fc.assert(
      fc.property(
        text.filter((any) => any !== ''),
        value,
        fc.webUrl({ withQueryParameters: true }),
        (body, header, url) => {
          const args = given({ method: 'PUT', url, headers: { 'X-A': header }, body });
          expect(args).toEqual(['--globoff', '-X', 'PUT', url, '-H', `X-A: ${header}`, '--data-raw', body]);
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);

  it('has variables where the record masks, which may hold anything', () => {
    const headers = { Authorization: `Bearer ${MASK}`, 'X-Api-Key': MASK, 'X-Empty': '' };
    const env = { TIDINGS_AUTHORIZATION: `it's $HOME "x"`, TIDINGS_X_API_KEY: '*' };
    expect(given({ method: 'GET', url: 'https://example.com/', headers, body: '' }, env)).toEqual([
      ...['--globoff', '-X', 'GET', 'https://example.com/', '-H', `Authorization: Bearer it's $HOME "x"`],
      ...['-H', 'X-Api-Key: *', '-H', 'X-Empty;'],
    ]);
  });

  it('says in comments what the command cannot', () => {
    const request = { method: 'POST', url: 'https://example.com/', body: '{}' };
    const headers = { Authorization: `Bearer ${MASK}`, 'X-Api-Key': MASK };
    const line = curlLine({ ...request, headers }, { truncated: true, mtls: true });
    expect(line.split('\n').slice(0, 3)).toEqual([
      '# Secrets are not shown: set $TIDINGS_AUTHORIZATION and $TIDINGS_X_API_KEY first.',
      '# The body is cut here, so that no signature fits it.',
      '# The receiver is shown a certificate too: add --cert and --key.',
    ]);
    expect(curlLine({ ...request, headers: {} })).not.toContain('#');
  });
});
