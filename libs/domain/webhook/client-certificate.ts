import { createPrivateKey, X509Certificate } from 'node:crypto';

/** The bounds of PEM texts, in characters, and how many certificates one may hold. */
export const PEM_LIMITS = { length: { min: 1, max: 32_768 }, certificates: 20 } as const;

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/**
 * What is wrong with certificates in PEM; undefined when nothing is. Nothing
 * but certificates is taken: they are kept in clear, and a private key that
 * was pasted beside them would be too.
 */
export function certificatesFault(pem: string): string | undefined {
  const wrong = textFault(pem);
  if (wrong !== undefined) return wrong;
  const blocks = pem.split(END).map((block) => block.trim());
  const count = blocks.length - 1;
  if (count > PEM_LIMITS.certificates)
    return `must hold at most ${PEM_LIMITS.certificates} certificates, but holds ${count}`;
  const sound = count > 0 && blocks.pop() === '' && blocks.every(isCertificate);
  return sound ? undefined : 'must be certificates in PEM and nothing else';
}

function isCertificate(block: string): boolean {
  if (!block.startsWith(BEGIN) || !/^[A-Za-z0-9+/= \t\r\n]+$/.test(block.slice(BEGIN.length))) return false;
  return parsed(`${block}\n${END}`) !== undefined;
}

/**
 * What is wrong with the private key of a certificate; undefined when nothing
 * is. Whether it fits is only asked when the certificate can be read.
 */
export function privateKeyFault(pem: string, certificate: string): string | undefined {
  const wrong = textFault(pem);
  if (wrong !== undefined) return wrong;
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    const fits = certificatesFault(certificate) !== undefined || parsed(certificate)?.checkPrivateKey(key);
    return fits ? undefined : 'is not the key of the certificate';
  } catch {
    // What OpenSSL says might quote the key.
    return 'must be a private key in PEM that needs no passphrase';
  }
}

function textFault(pem: string): string | undefined {
  const { min, max } = PEM_LIMITS.length;
  if (pem.length < min || pem.length > max)
    return `must have ${min} to ${max} characters, but has ${pem.length}`;
  return /^[\x20-\x7e\t\r\n]*$/.test(pem) ? undefined : 'must be plain ASCII';
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
