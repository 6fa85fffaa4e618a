import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { isUri, isUriReference } from './uri-reference.js';

const REFERENCES = [
  '/shop',
  'shop/orders',
  '//example.com/x',
  'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
  'https://user@example.com:8443/a%20b?c=/?#d',
  'http://[2001:db8::1]/',
  'mailto:cncf-wg@example.com',
  '#fragment',
];
const NEITHER = [
  'a b',
  ':x',
  '1a:b',
  '%zz',
  'a%2',
  'http://[1]/',
  '//a:b',
  'é',
  '\n',
  '#a#b',
  'x'.repeat(2_001),
];

/** Texts with much of what URIs are made of. */
const uriLike = fc.stringMatching(/^[a-z0-9:/?#[\]@%. -]{1,16}$/);

it.each(REFERENCES)('%j is a URI reference', (text) => {
  expect(isUriReference(text)).toBe(true);
});

it.each(NEITHER)('%j is no URI reference', (text) => {
  expect(isUriReference(text)).toBe(false);
});

it('a URI has a scheme', () => {
  expect(REFERENCES.filter(isUri)).toEqual(REFERENCES.slice(3, 7));
});

it('what is taken for one is one by the schema of the package cloudevents', () => {
  const valid = (attribute: object) =>
    new CloudEvent({ id: '1', type: 't', source: '/', ...attribute }, false).validate();
  fc.assert(
    fc.property(uriLike, (text) => {
      if (isUriReference(text)) expect(valid({ source: text })).toBe(true);
      if (isUri(text)) expect(valid({ dataschema: text })).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
