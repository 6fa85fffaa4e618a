import { needsStandardSecret, signatureOf, signingSchemeOf } from './format-signature.js';
import type { FormatSignature, HmacSignature } from '../formats/format-definition.js';
import { formatFaults } from './payload-format.js';

const GITHUB: HmacSignature = {
  scheme: 'hmac-sha256',
  header: 'X-Hub-Signature-256',
  prefix: 'sha256=',
  content: '{{body}}',
  encoding: 'hex',
};
const STRIPE: HmacSignature = {
  ...GITHUB,
  header: 'Stripe-Signature',
  prefix: 't={{timestamp}},v1=',
  content: '{{timestamp}}.{{body}}',
};
const format = (signature: FormatSignature | null) => ({ body: null, headers: {}, signature });
const faultsOf = (change: Partial<HmacSignature>) =>
  formatFaults(format({ ...GITHUB, ...change }), new Set(['x-taken']));

describe('the signature of a format', () => {
  it('is read once, into the parts of its templates', () => {
    expect(signingSchemeOf(format(STRIPE))).toEqual({
      kind: 'hmac',
      hash: 'sha256',
      header: 'Stripe-Signature',
      prefix: ['t=', { variable: 'timestamp' }, ',v1='],
      content: [{ variable: 'timestamp' }, '.', { variable: 'body' }],
      encoding: 'hex',
    });
    expect(signingSchemeOf(format({ scheme: 'v1a' }))).toEqual({ kind: 'v1a' });
    expect([signingSchemeOf(format(null)), signingSchemeOf('standard')]).toEqual([
      { kind: 'v1' },
      { kind: 'v1' },
    ]);
  });

  it.each(['taskflow', 'nexus', 'notely'] as const)('is, for %s, what its receivers verify', (name) => {
    const header = name === 'taskflow' ? 'X-TaskFlow-Signature' : 'X-Webhook-Signature';
    expect(signatureOf(name)).toEqual({ ...GITHUB, header });
    expect(needsStandardSecret(name)).toBe(false);
    expect(formatFaults(name, new Set([header.toLowerCase()]))).toEqual([
      { path: 'format', message: `sets the header ${header}, which the webhook sets otherwise` },
    ]);
    expect(formatFaults(name, new Set(['x-other']))).toEqual([]);
  });

  it('needs a secret of Standard Webhooks where nothing else signs', () => {
    for (const standard of [
      'standard',
      'slack',
      'rag-chatbot',
      format(null),
      format({ scheme: 'v1a' }),
    ] as const)
      expect(needsStandardSecret(standard)).toBe(true);
    expect(needsStandardSecret(format(GITHUB))).toBe(false);
  });

  it.each<[string, Partial<HmacSignature>]>([
    ['all variables', { content: '{{id}}{{delivery_id}}{{type}}{{timestamp}}{{timestamp_ms}}{{ body }}' }],
    ['braces that begin nothing', { content: '{"a":{ } }} {{body}}' }],
    ['no prefix', { prefix: '' }],
    ['a time before it', { prefix: 't={{timestamp_ms}},v1=' }],
  ])('may have %s', (_title, change) => {
    expect(faultsOf(change)).toEqual([]);
  });

  it.each<[string, Partial<HmacSignature>, string, RegExp]>([
    [
      'a variable that there is not',
      { content: '{{url}}{{body}}' },
      'content',
      /\{\{url\}\}, but .*\{\{delivery_id\}\}/,
    ],
    ['a variable without an end', { content: '{{body}}.{{id' }, 'content', /at character 10 and no \}\}/],
    ['a variable of objects', { content: '{{constructor}}{{body}}' }, 'content', /constructor/],
    ['no body', { content: '{{id}}' }, 'content', /can be changed on its way/],
    [
      'the body again and again',
      { content: '{{body}}'.repeat(100) },
      'content',
      /once, but has it 100 times/,
    ],
    ['an id before it, which may forge a list', { prefix: 'id={{id}},v1=' }, 'prefix', /\{\{id\}\}/],
    ['letters before it that no header takes', { prefix: 'größe=' }, 'prefix', /ASCII/],
    ['a long prefix', { prefix: 'x'.repeat(65) }, 'prefix', /65/],
    ['a header that every request has', { header: 'Content-Type' }, 'header', /every request/],
    ['a header that the webhook has', { header: 'X-Taken' }, 'header', /twice/],
  ])('cannot have %s', (_title, change, member, message) => {
    const faults = faultsOf(change);
    expect(faults).toEqual([
      { path: `format.signature.${member}`, message: expect.stringMatching(message) as unknown },
    ]);
  });
});
