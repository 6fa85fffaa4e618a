import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key in PEM, with which more can be signed. */
export interface Certified {
  certificate: string;
  privateKey: string;
}

interface Wanted {
  name: string;
  /** Who signs it; itself unless said otherwise. */
  by?: Certified;
  /** Host names and IP addresses that it stands for. */
  hosts?: string[];
  /** Days from now; yesterday and tomorrow unless said otherwise. */
  days?: [from: number, until: number];
}

const DAY_MS = 86_400_000;
/** ecdsa-with-SHA256 (RFC 5758). */
const ECDSA_SHA256 = der(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

/** Makes a certificate for a spec (X.509 v3, RFC 5280), which can sign others as well. */
export function certify({ name, by, hosts = ['127.0.0.1'], days = [-1, 1] }: Wanted): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = nameOf(name);
  const issuer = by === undefined ? subject : subjectOf(by.certificate);
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_SHA256,
    issuer,
    der(0x30, ...days.map((day) => timeOf(Date.now() + day * DAY_MS))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extensionOf(0x11, alternativeNames(hosts)), extensionOf(0x13, MAY_SIGN))),
  );
  const key: KeyObject | string = by?.privateKey ?? privateKey;
  const whole = der(0x30, body, ECDSA_SHA256, der(0x03, Buffer.of(0), sign('sha256', body, key)));
  return {
    certificate: new X509Certificate(whole).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function oid(...bytes: number[]): Buffer {
  return der(0x06, Buffer.of(...bytes));
}

/** basicConstraints: a CA. */
const MAY_SIGN = der(0x30, der(0x01, Buffer.of(0xff)));

/** One of id-ce, by its last number. */
function extensionOf(id: number, value: Buffer): Buffer {
  return der(0x30, oid(0x55, 0x1d, id), der(0x04, value));
}

function alternativeNames(hosts: string[]): Buffer {
  return der(
    0x30,
    ...hosts.map((host) => (isIP(host) ? der(0x87, bytesOf(host)) : der(0x82, Buffer.from(host)))),
  );
}

function bytesOf(ipv4: string): Buffer {
  return Buffer.from(ipv4.split('.').map(Number));
}

function nameOf(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))));
}

/** Certificates of specs are named by a common name alone. */
function subjectOf(certificate: string): Buffer {
  return nameOf(new X509Certificate(certificate).subject.replace(/^CN=/, ''));
}

function timeOf(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
}
