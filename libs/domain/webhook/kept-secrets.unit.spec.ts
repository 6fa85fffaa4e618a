import type { RequestHeaders, WebhookAuth } from './credentials.js';
import { keptSecretFaults } from './kept-secrets.js';
import { WebhookInvalid } from './webhook-errors.js';
import { created, definition, given, later } from './testing/webhook-story.js';

const url = 'https://a.example/hook';
const bearer = (secret: number): WebhookAuth => ({ type: 'bearer', token: { secret } });
const oauth = (token_url: string, secret = 1): WebhookAuth => ({
  type: 'oauth2',
  token_url,
  client_id: 'c',
  client_secret: { secret },
  scope: '',
});
const none: WebhookAuth = { type: 'none' };
const at = (of: string, auth: WebhookAuth, headers: RequestHeaders = {}) => ({ url: of, auth, headers });
const paths = (...change: Parameters<typeof keptSecretFaults>) =>
  keptSecretFaults(...change).map(({ path }) => path);

describe('a secret that is kept', () => {
  it.each([
    'https://a.example/other?x=1',
    'https://a.example:8443/hook',
    'https://A.EXAMPLE./hook',
    'http://a.example/hook',
  ])('goes along to the same host, as %s', (to) => {
    expect(paths(at(url, bearer(1)), at(to, bearer(1)))).toEqual([]);
  });

  it.each([
    'https://b.example/hook',
    'https://a.example.b.example/',
    'https://b.a.example/',
    'https://a.example@b.example/',
  ])('does not go to another, as %s', (to) => {
    expect(paths(at(url, bearer(1)), at(to, bearer(1)))).toEqual(['auth.token']);
    const headers = { 'X-Token': { secret: 1 }, 'X-Plain': 'a' };
    expect(paths(at(url, none, headers), at(to, none, headers))).toEqual(['headers.x-token']);
  });

  it('goes nowhere when it is given again or taken away', () => {
    const to = 'https://b.example/';
    expect(paths(at(url, bearer(1)), at(to, bearer(2)))).toEqual([]);
    expect(paths(at(url, bearer(1)), at(to, none))).toEqual([]);
  });

  it('of an OAuth client is bound to both hosts', () => {
    const before = at(url, oauth('https://id.example/token'));
    expect(paths(before, at(url, oauth('https://id.example/v2/token')))).toEqual([]);
    expect(paths(before, at(url, oauth('https://b.example/token')))).toEqual(['auth.client_secret']);
    expect(paths(before, at('https://b.example/', before.auth))).toEqual(['auth.client_secret']);
    expect(paths(before, at(url, oauth('https://b.example/token', 2)))).toEqual([]);
  });

  it('and is never sent itself may prove who we are anywhere', () => {
    const hmac: WebhookAuth = { type: 'hmac', secret: { secret: 1 }, header_name: 'X-A' };
    const mtls: WebhookAuth = { type: 'mtls', certificate: 'c', private_key: { secret: 1 }, ca: null };
    for (const auth of [hmac, mtls]) expect(paths(at(url, auth), at('https://b.example/', auth))).toEqual([]);
  });

  it('is asked for when someone changes the host', () => {
    const before = given({ ...created, data: { ...created.data, auth: bearer(1) } } as typeof created);
    const change = (to: string) =>
      before.when({ ...later, kind: 'change', change: { url: to }, expectedVersion: undefined });
    expect(change('https://b.example/')).toThrow(WebhookInvalid);
    expect(change(definition.url.replace('/hook', '/other'))).not.toThrow();
  });
});
