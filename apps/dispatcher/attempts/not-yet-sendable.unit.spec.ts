import type { RoutedWebhook } from '#domain';
import { routedWebhook } from '#testing';
import { notYetSendable } from './not-yet-sendable.js';

const secret = { secret: 1 };
const custom = { body: '{}', headers: {}, signature: null };

describe('what cannot be sent yet', () => {
  it.each<[string, Partial<RoutedWebhook>, string]>([
    ['a built-in format but standard', { format: 'slack' }, 'the format slack'],
    ['a body of its own', { format: custom }, 'templates of a body'],
    [
      'a header of its own',
      { format: { ...custom, body: null, headers: { 'X-A': 'a' } } },
      'templates of a body or of headers',
    ],
    ['a transform', { transform: 'function transform(event) { return event }' }, 'transforms'],
  ])('is %s, and it is named', (_title, fields, named) => {
    expect(notYetSendable(routedWebhook(fields))).toMatch(named);
  });

  it.each<[string, Partial<RoutedWebhook>]>([
    ['a plain webhook', {}],
    [
      'one with a signature of its own',
      { format: { body: null, headers: {}, signature: { scheme: 'v1a' } } },
    ],
    ['one with a token', { auth: { type: 'bearer', token: secret } }],
    ['one with a certificate', { auth: { type: 'mtls', certificate: 'c', private_key: secret, ca: null } }],
    [
      'one with a pace, which is only not kept',
      { rate_limit: { limit: 1, period_seconds: 1 }, concurrency: 1, ordered: true },
    ],
  ])('is not %s', (_title, fields) => {
    expect(notYetSendable(routedWebhook(fields))).toBeUndefined();
  });
});
