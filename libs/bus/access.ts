import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  type Authenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';

/** How we show NATS who we are, and how it shows us, beyond what its URL says. All are paths of files. */
export interface BusAccess {
  /** A credentials file: a user's JWT and its seed. */
  credentials?: string | undefined;
  /** A file with the seed of an nkey. */
  nkey?: string | undefined;
  /** The authorities that the server's certificate may come from, PEM; the system's when left out. */
  tlsCa?: string | undefined;
  /** A certificate that we show, PEM; only together with its key. */
  tlsCertificate?: string | undefined;
  tlsKey?: string | undefined;
}

/** The settings do not fit together, or a file that they name cannot be read; the message is one sentence. */
export class BusAccessError extends Error {
  override readonly name = 'BusAccessError';
}

/**
 * What the client is to be told of servers, user and TLS. Files are read here, so that a fault shows at the start, and
 * again for each connection that is made later, so that they may be replaced meanwhile.
 * @param url one server or several with commas between; user and password as userinfo of the first; `tls://` in one
 *   demands TLS of all
 * @throws BusAccessError
 */
export function accessOptions(
  url: string,
  access: BusAccess = {},
): NodeConnectionOptions & { servers: string[] } {
  const urls = url.split(',').map(parsed);
  const [first] = urls;
  const given = [
    ...(first?.username ? ['user and password in the URL'] : []),
    ...(access.credentials === undefined ? [] : ['a credentials file']),
    ...(access.nkey === undefined ? [] : ['an nkey']),
  ];
  if (given.length > 1)
    throw new BusAccessError(`NATS can be told of one user only, and there are ${given.join(' and ')}`);
  return {
    servers: urls.map(({ host }) => host),
    ...(first?.username
      ? { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }
      : {}),
    ...authenticatorOf(access),
    ...tlsOf(urls, access),
  };
}

function parsed(text: string): URL {
  const trimmed = text.trim();
  const url = URL.parse(trimmed.includes('://') ? trimmed : `nats://${trimmed}`);
  // Not with the text, which may hold a password.
  if (!url) throw new BusAccessError('The address of NATS is no URL');
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:')
    throw new BusAccessError(
      `The address of NATS must begin with nats:// or tls://, and not with ${url.protocol}//`,
    );
  return url;
}

function authenticatorOf({ credentials, nkey }: BusAccess): { authenticator?: Authenticator } {
  if (credentials !== undefined) {
    const authenticator = credsAuthenticator(readAnew(credentials, 'credentials file of NATS'));
    return { authenticator: tried(authenticator, credentials, 'credentials file') };
  }
  if (nkey === undefined) return {};
  const read = readAnew(nkey, 'nkey of NATS');
  const seed = () => Buffer.from(read().toString().trim());
  return { authenticator: tried(nkeyAuthenticator(seed), nkey, 'seed of an nkey') };
}

/** Signs once, so that a file of another kind is refused before a connection is made. */
function tried(authenticator: Authenticator, path: string, kind: string): Authenticator {
  try {
    authenticator('nonce');
  } catch {
    // Without its cause, which may show what the file holds.
    throw new BusAccessError(`The file ${path} is no ${kind} of NATS`);
  }
  return authenticator;
}

/** Reads a file for each connection; one that is away for a moment while it is replaced is taken as it was. */
function readAnew(path: string, what: string): () => Buffer {
  let last = readNow(path, what);
  return () => {
    try {
      last = readFileSync(path);
    } catch {
      // As it was.
    }
    return last;
  };
}

function readNow(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new BusAccessError(
      `The ${what} at ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    );
  }
}

function tlsOf(
  urls: URL[],
  { tlsCa, tlsCertificate, tlsKey }: BusAccess,
): Pick<NodeConnectionOptions, 'tls'> {
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw new BusAccessError('A certificate for NATS needs its key beside it, and a key its certificate');
  const files = { caFile: tlsCa, certFile: tlsCertificate, keyFile: tlsKey };
  const named = Object.entries(files).filter(([, path]) => path !== undefined) as [string, string][];
  for (const [, path] of named) readNow(path, 'file for TLS with NATS');
  if (named.length === 0 && !urls.some(({ protocol }) => protocol === 'tls:')) return {};
  const addresses = urls.map(({ hostname }) => hostname.replace(/^\[|\]$/g, ''));
  const tls = { ...Object.fromEntries(named), checkServerIdentity: identityAmong(addresses) };
  // The client hands on to Node what its own type does not name.
  return { tls: tls as NonNullable<NodeConnectionOptions['tls']> };
}

/**
 * The client names no server that it reaches by its IP address, and Node then compares with `localhost`
 * (server-access.int.spec.ts): there the certificate must be for one of the addresses that we were given.
 */
function identityAmong(addresses: string[]) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    if (addresses.includes(host)) return checkServerIdentity(host, certificate);
    const faults = addresses.map((address) => checkServerIdentity(address, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
}
