import { loadConfig } from './load.js';
import { mailOf } from './parts.js';

const of = (environment: Record<string, string>) => mailOf(loadConfig(environment));
const FROM = { TIDINGS_MAIL_FROM: 'tidings@example.com' };

describe('e-mail', () => {
  it('is none where no server is named', () => {
    expect(of({})).toBeUndefined();
    expect(of(FROM)).toBeUndefined();
  });

  it('has a minute to gather and an hour of quiet unless it is said otherwise', () => {
    const url = 'smtps://bob:p%40ss@mail.example.com:465';
    expect(of({ ...FROM, TIDINGS_SMTP_URL: url })).toEqual({
      ...{ url, from: 'tidings@example.com', gatherMs: 60_000, quietMs: 3_600_000 },
    });
    const paced = { TIDINGS_MAIL_GATHER_SECONDS: '5', TIDINGS_MAIL_QUIET_MINUTES: '0' };
    expect(of({ ...FROM, TIDINGS_SMTP_URL: 'smtp://mail', ...paced })).toMatchObject({
      ...{ gatherMs: 5_000, quietMs: 0 },
    });
  });

  it('needs a sender with its server', () => {
    expect(() => of({ TIDINGS_SMTP_URL: 'smtp://mail.example.com' })).toThrow('TIDINGS_MAIL_FROM');
  });

  it.each([
    'http://mail',
    'mail.example.com',
    'smtp://',
    'smtp://bob:secret@mail/x',
    'smtp://bob:secret@mail?tls=no',
  ])('has no server at %s, and its password is not told', (url) => {
    const refused = (): unknown => of({ ...FROM, TIDINGS_SMTP_URL: url });
    expect(refused).toThrow('TIDINGS_SMTP_URL: must be smtp[s]://[user:password@]host[:port]');
    expect(refused).not.toThrow('secret');
  });

  it.each([
    ['Tidings <tidings@example.com>', true],
    ['Tidings\r\nBcc: victim@example.com <tidings@example.com>', false],
    ['a@example.com, b@example.com', false],
    ['tidings', false],
  ])('from %j: %s', (from, taken) => {
    const asked = (): unknown => of({ TIDINGS_MAIL_FROM: from, TIDINGS_SMTP_URL: 'smtp://mail' });
    if (taken) expect(asked()).toMatchObject({ from });
    else expect(asked).toThrow('TIDINGS_MAIL_FROM');
  });
});
