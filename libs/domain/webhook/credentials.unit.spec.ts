import {
  isSensitiveHeader,
  MASK,
  secretsOf,
  separateSecrets,
  type RequestHeaders,
  type WebhookAuth,
} from './credentials.js';
import { headerNameFault, requestHeaderFaults } from './request-headers.js';

const none = { type: 'none' } as const;

describe('headers whose values are secrets', () => {
  it.each([
    ['Authorization', true],
    ['X-API-Key', true],
    ['x-auth', true],
    ['X-Auth-Token', true],
    ['My-Secret', true],
    ['Set-Cookie', true],
    ['X-Password', true],
    ['X-Hub-Signature', true],
    ['X-Environment', false],
    ['X-Author', false],
    ['Accept', false],
  ])('%s: %s', (name, sensitive) => {
    expect(isSensitiveHeader(name)).toBe(sensitive);
  });
});

describe('the secrets of what is asked for', () => {
  const current = {
    headers: { 'X-Api-Key': { secret: 1 }, 'X-Plain': 'seen' },
    auth: { type: 'bearer', token: { secret: 2 } } satisfies WebhookAuth,
  };

  it('become references to the version that sets them, and stand apart in clear', () => {
    const separated = separateSecrets(
      {
        headers: { 'X-Api-Key': 'k-1', 'X-Plain': 'seen' },
        auth: { type: 'basic', username: 'ann', password: 'pw' },
      },
      undefined,
      1,
    );
    expect(separated).toEqual({
      headers: { 'X-Api-Key': { secret: 1 }, 'X-Plain': 'seen' },
      auth: { type: 'basic', username: 'ann', password: { secret: 1 } },
      fresh: new Map([
        ['headers.x-api-key', 'k-1'],
        ['auth.password', 'pw'],
      ]),
      faults: [],
    });
  });

  it('stay as they are when the mask comes back, or auth leaves them out', () => {
    const separated = separateSecrets(
      { headers: { 'X-Api-Key': MASK }, auth: { type: 'bearer' } },
      current,
      5,
    );
    expect(separated).toMatchObject({ ...current, headers: { 'X-Api-Key': { secret: 1 } }, faults: [] });
    expect(separated.fresh.size).toBe(0);
  });

  it('are new only where something new is said', () => {
    const { headers, auth, fresh } = separateSecrets(
      { headers: { 'X-Api-Key': 'other' }, auth: { type: 'bearer', token: MASK } },
      current,
      5,
    );
    expect([headers, auth]).toEqual([{ 'X-Api-Key': { secret: 5 } }, current.auth]);
    expect([...fresh.keys()]).toEqual(['headers.x-api-key']);
  });

  it.each<[string, Parameters<typeof separateSecrets>[0], string]>([
    ['no token', { headers: {}, auth: { type: 'bearer' } }, 'auth.token'],
    ['a mask without a secret', { headers: { 'X-Token': MASK }, auth: none }, 'headers.X-Token'],
    ['an empty secret header', { headers: { 'X-Token': '' }, auth: none }, 'headers.X-Token'],
    ['a token with a line break', { headers: {}, auth: { type: 'bearer', token: 'a\r\nb' } }, 'auth.token'],
    ['a key of umlauts', { headers: {}, auth: { type: 'api_key', key: 'ü', header_name: 'K' } }, 'auth.key'],
    [
      'a short secret',
      { headers: {}, auth: { type: 'hmac', secret: 'short', header_name: 'S' } },
      'auth.secret',
    ],
    [
      'a NUL in the password',
      { headers: {}, auth: { type: 'basic', username: 'a', password: '\0' } },
      'auth.password',
    ],
  ])('%s is refused', (_title, wanted, path) => {
    const { faults } = separateSecrets(wanted, undefined, 1);
    expect(faults.map((fault) => fault.path)).toEqual([path]);
  });

  it('of another type of auth are not taken over', () => {
    const { faults } = separateSecrets(
      { headers: {}, auth: { type: 'hmac', header_name: 'S' } },
      { headers: {}, auth: { type: 'basic', username: 'a', password: { secret: 1 } } },
      2,
    );
    expect(faults).toEqual([{ path: 'auth.secret', message: 'is required' }]);
  });

  it('are found by where they stand', () => {
    expect(secretsOf(current)).toEqual(
      new Map([
        ['headers.x-api-key', { secret: 1 }],
        ['auth.token', { secret: 2 }],
      ]),
    );
  });
});

describe('extra request headers', () => {
  it.each([
    'Host',
    'connection',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'Upgrade',
    'TE',
    'Trailer',
    'Keep-Alive',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'Forwarded',
    'Cookie',
    'webhook-id',
    'Webhook-Signature',
    'ce-id',
    'X-Tidings-Attempt',
    'Metadata-Flavor',
    'Metadata',
    'X-aws-ec2-metadata-token',
    'X-Google-Metadata-Request',
    'Content-Type',
    'User-Agent',
    'Accept-Encoding',
    '',
    'a b',
    'a:b',
    'a\r\nHost',
    'ü',
    '__proto__',
    'x'.repeat(129),
  ])('%j is refused with a reason', (name) => {
    expect(headerNameFault(name)).toEqual(expect.any(String));
  });

  it.each(['X-Environment', 'Authorization', 'Accept', 'X-Api-Key', 'Cec-Id', 'X-Metadata'])(
    '%s may be set',
    (name) => {
      expect(headerNameFault(name)).toBeUndefined();
    },
  );

  const auth = (type: 'bearer'): WebhookAuth => ({ type, token: { secret: 1 } });
  it.each<[string, RequestHeaders, WebhookAuth, string[]]>([
    [
      '51 headers',
      Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, 'a'])),
      none,
      ['headers'],
    ],
    ['too many bytes', { 'X-A': 'a'.repeat(4_000), 'X-B': 'b'.repeat(4_000) }, none, ['headers']],
    [
      '11 secret headers',
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`X-Key-${i}`, { secret: 1 }])),
      none,
      ['headers'],
    ],
    ['a value too long', { 'X-A': 'a'.repeat(4_097) }, none, ['headers.X-A']],
    ['an empty value', { 'X-A': '' }, none, ['headers.X-A']],
    ['a space at the end', { 'X-A': 'a ' }, none, ['headers.X-A']],
    ['a tab', { 'X-A': 'a\tb' }, none, ['headers.X-A']],
    ['a line break', { 'X-A': 'a\r\nHost: x' }, none, ['headers.X-A']],
    ['a letter beyond ASCII', { 'X-A': 'ü' }, none, ['headers.X-A']],
    ['one name in two cases', { 'X-A': '1', 'x-a': '2' }, none, ['headers.x-a']],
    ['what auth sets', { authorization: { secret: 1 } }, auth('bearer'), ['headers.authorization']],
    [
      'a refused name for the key',
      {},
      { type: 'api_key', key: { secret: 1 }, header_name: 'Host' },
      ['auth.header_name'],
    ],
    [
      'a colon in the username',
      {},
      { type: 'basic', username: 'a:b', password: { secret: 1 } },
      ['auth.username'],
    ],
    ['what is sound', { 'X-A': 'a b', 'X-Token': { secret: 1 } }, auth('bearer'), []],
  ])('%s', (_title, headers, given, paths) => {
    expect(requestHeaderFaults(headers, given).map((fault) => fault.path)).toEqual(paths);
  });
});
