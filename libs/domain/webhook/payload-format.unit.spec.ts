import { formatFaults, type CustomFormat } from './payload-format.js';

const format = (change: Partial<CustomFormat>): CustomFormat => ({
  body: '{"text":"{{type}}"}',
  headers: {},
  signature: null,
  ...change,
});
const signature = {
  scheme: 'hmac-sha256',
  header: 'X-Hub-Signature-256',
  prefix: 'sha256=',
  content: '{{body}}',
  encoding: 'hex',
} as const;

describe('a format of a webhook', () => {
  it('may be any of those built in', () => {
    expect(formatFaults('slack', new Set())).toEqual([]);
  });

  it('may be one of its own, with headers and a signature', () => {
    const own = format({ body: 'two\nlines', headers: { 'X-Type': '{{type}}' }, signature });
    expect(formatFaults(own, new Set(['x-environment']))).toEqual([]);
  });

  it.each<[string, Partial<CustomFormat>, string]>([
    ['without a body', { body: '' }, 'format.body'],
    ['with a body beyond 64 KiB', { body: 'x'.repeat(65_537) }, 'format.body'],
    ['with a NUL', { body: 'a\0' }, 'format.body'],
    ['with a form feed', { body: 'a\f' }, 'format.body'],
    ['with half a letter', { body: '\ud800' }, 'format.body'],
    [
      'with 21 headers',
      { headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`X-${i}`, 'a'])) },
      'format.headers',
    ],
    ['with a header that governs the connection', { headers: { Host: 'a' } }, 'format.headers.Host'],
    ['with a line break in a header', { headers: { 'X-A': 'a\r\nHost: b' } }, 'format.headers.X-A'],
    ['with an empty header', { headers: { 'X-A': '' } }, 'format.headers.X-A'],
    ['with a header that the webhook has', { headers: { 'X-Taken': 'a' } }, 'format.headers.X-Taken'],
    ['with a secret for everyone to see', { headers: { 'X-Api-Key': 'k' } }, 'format.headers.X-Api-Key'],
    [
      'with a signature in a header that it has',
      { headers: { 'X-Sum': 'a' }, signature: { ...signature, header: 'x-sum' } },
      'format.signature.header',
    ],
    [
      'with a signature that receivers trust Tidings to set',
      { signature: { ...signature, header: 'webhook-signature' } },
      'format.signature.header',
    ],
    ['that signs nothing', { signature: { ...signature, content: '' } }, 'format.signature.content'],
    ['with a prefix of two lines', { signature: { ...signature, prefix: '\n' } }, 'format.signature.prefix'],
  ])('%s is refused', (_title, change, path) => {
    expect(formatFaults(format(change), new Set(['x-taken'])).map((fault) => fault.path)).toEqual([path]);
  });
});
