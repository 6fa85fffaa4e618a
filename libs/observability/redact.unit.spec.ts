import { createLogger } from './logger.js';
import { loggedError, redact } from './redact.js';

describe('what is logged', () => {
  it.each([
    ['postgres://tidings:s3cret-pass@db:5432/x refused', 'postgres://********@db:5432/x refused'],
    ['nats://token123@one:4222,nats://u:p@two', 'nats://********@one:4222,nats://********@two'],
    ['the key tdg_abc123_0123456789abcdef', 'the key tdg_abc123_********'],
    ['whsec_MDEyMzQ1Njc4OWFiY2RlZg== and', 'whsec_******** and'],
    ['Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer ********'],
    [
      '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----********-----END PRIVATE KEY-----',
    ],
  ])('shows %j without its secret', (text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  it.each(['https://example.com/a@b', 'ann@example.com', 'a Bearer token', 'see http://[::1]:80/'])(
    'leaves %j as it is',
    (text) => expect(redact(text)).toBe(text),
  );

  it('has of an error and its causes what they say, and none of the values that they carry', () => {
    const driver = Object.assign(new Error('duplicate key'), {
      ...{ code: '23505', detail: 'Key (name)=(planted) already exists.', parameters: ['planted'] },
    });
    const error = Object.assign(new Error('query failed', { cause: driver }), { parameters: ['planted'] });
    const logged = loggedError(error);
    expect(logged).toMatchObject({
      message: 'query failed',
      cause: { message: 'duplicate key', code: '23505' },
    });
    expect(JSON.stringify(logged)).not.toContain('planted');
    expect(loggedError('nats://u:p@host')).toMatchObject({ message: 'nats://********@host' });
  });

  it('ends with the causes of an error that causes itself', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(loggedError(error)).match(/"cause"/g)).toHaveLength(5);
  });

  it('passes the logger masked, wherever it stands in the line', () => {
    const lines: string[] = [];
    const logger = createLogger('trace', 'spec', { write: (line) => lines.push(line) });
    logger.trace({ url: 'nats://u:planted@host' }, 'the key tdg_abc_planted0123456789');
    logger.error({ err: Object.assign(new Error('failed'), { parameters: ['planted'] }) }, 'failed');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('planted');
    expect(JSON.parse(lines[1]!)).toMatchObject({ err: { type: 'Error', message: 'failed' } });
  });
});
