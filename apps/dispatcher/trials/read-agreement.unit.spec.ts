import { grantOf, holdsChallenge } from './read-agreement.js';

describe('an answer to the handshake', () => {
  it.each([
    ['all origins', 200, { 'webhook-allowed-origin': '*' }, null],
    ['our origin, in any case', 204, { 'webhook-allowed-origin': 'Tidings' }, null],
    ['a rate', 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '120' }, 120],
    ['any rate', 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' }, null],
  ])('that names %s grants it', (_what, status, headers, allowed_per_minute) => {
    expect(grantOf({ status, headers: headers }, 'tidings')).toEqual({
      allowed_per_minute,
    });
  });

  it.each([
    ['nothing', 200, {}],
    ['another origin', 200, { 'webhook-allowed-origin': 'tidings.example.com' }],
    ['several origins', 200, { 'webhook-allowed-origin': 'tidings, example.com' }],
    ['an error', 405, { 'webhook-allowed-origin': '*' }],
    ['a redirect', 302, { 'webhook-allowed-origin': '*' }],
    ['a rate of none', 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }],
    ['a rate that is no number', 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '1e3' }],
  ])('that says %s grants nothing', (_what, status, headers) => {
    expect(grantOf({ status, headers: headers }, 'tidings')).toHaveProperty('fault');
  });
});

describe('an answer to the challenge', () => {
  it.each([
    ['c0de', 200, true],
    ['c0de\n', 201, true],
    ['{"challenge":"c0de","more":1}', 200, true],
    ['c0de', 400, false],
    ['c0de', 302, false],
    ['', 204, false],
    ['{"type":"tidings.challenge","data":{"challenge":"c0de"}}', 200, false],
    ['"c0de"', 200, false],
    ['null', 200, false],
    ['<html>c0de</html>', 200, false],
  ])('%s with %i proves it: %s', (body, status, proves) => {
    expect(holdsChallenge({ status, body }, 'c0de')).toBe(proves);
  });
});
