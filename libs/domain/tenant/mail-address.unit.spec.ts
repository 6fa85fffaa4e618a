import { isMailAddress } from './mail-address.js';

describe('an e-mail address', () => {
  it.each(['ops@example.com', 'a.b+c@sub.example.co', "o'brien@example.org", 'x@xn--bcher-kva.example'])(
    '%s is one',
    (text) => expect(isMailAddress(text)).toBe(true),
  );

  it.each([
    '',
    'ops',
    'ops@',
    '@example.com',
    'ops@localhost',
    'ops@example.com, other@example.com',
    'ops@example.com\r\nBcc: victim@example.com',
    'ops@example.com\n',
    '<ops@example.com>',
    'Ops <ops@example.com>',
    '"a b"@example.com',
    'ops@[127.0.0.1]',
    'a..b@example.com',
    '.a@example.com',
    'ops@-example.com',
    'ops@example..com',
    'öps@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example.com`,
  ])('%j is none', (text) => expect(isMailAddress(text)).toBe(false));
});
