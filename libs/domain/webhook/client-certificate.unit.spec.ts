import { CLIENT, OTHER_KEY } from '#testing';
import { certificatesFault, privateKeyFault } from './client-certificate.js';

const { certificate, private_key } = CLIENT;

describe('certificates in PEM', () => {
  it.each([
    ['one', certificate],
    ['several', `${certificate}\n${certificate}`],
    ['one with the line ends of Windows', certificate.replaceAll('\n', '\r\n')],
  ])('are taken: %s', (_title, pem) => {
    expect(certificatesFault(pem)).toBeUndefined();
  });

  it.each([
    ['text', 'hello'],
    ['one that was cut off', certificate.slice(0, 200)],
    ['one with letters missing', certificate.slice(0, 100) + certificate.slice(140)],
    ['one with its private key behind it', certificate + private_key],
    ['one with its private key in front of it', private_key + certificate],
    ['one with a private key within', certificate.replace('\n', `\n${private_key}`)],
    ['21 of them', certificate.repeat(21)],
    ['what is longer than any', ' '.repeat(40_000)],
  ])('are refused: %s', (_title, pem) => {
    expect(certificatesFault(pem)).toEqual(expect.any(String));
  });
});

describe('the private key of a certificate', () => {
  it('is taken when it fits', () => {
    expect(privateKeyFault(private_key, certificate)).toBeUndefined();
  });

  it('is refused when it is that of something else, or none, and is not quoted', () => {
    expect(privateKeyFault(OTHER_KEY, certificate)).toBe('is not the key of the certificate');
    expect(privateKeyFault('hunter2', certificate)).not.toContain('hunter2');
    expect(privateKeyFault(certificate, certificate)).toMatch('must be a private key');
  });
});
