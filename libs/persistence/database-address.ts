import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** Where the database is, and how it is to prove itself; `ssl` false asks for no TLS. */
export interface DatabaseAddress {
  /** Without what it said of TLS. */
  url: string;
  ssl: false | VerifiedTls;
}

/** TLS as Node wants it, with what the files hold. */
export interface VerifiedTls {
  rejectUnauthorized: true;
  servername?: string;
  checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined;
  ca?: string;
  cert?: string;
  key?: string;
}

/** What the address says of TLS cannot be followed; the message is one sentence and shows no password. */
export class DatabaseAddressError extends Error {
  override readonly name = 'DatabaseAddressError';
}

const OURS = ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'uselibpqcompat'];
const VERIFIED = ['require', 'verify-ca', 'verify-full'];
const UNVERIFIED = ['no-verify', 'prefer', 'allow'];

/**
 * Reads what a database URL says of TLS, as PostgreSQL's own clients name it, and takes it out: every connection of ours
 * is made with what comes out of here. TLS is verified or it is not used: `require` and `verify-ca` mean `verify-full`, and
 * what would accept any server is refused. Files are read now.
 * @param text postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=file&sslcert=file&sslkey=file
 * @throws DatabaseAddressError
 */
export function databaseAddress(text: string): DatabaseAddress {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw new DatabaseAddressError('the address of the database is no postgres:// URL');
  const given = Object.fromEntries(OURS.map((name) => [name, url.searchParams.get(name) ?? undefined]));
  for (const name of OURS) url.searchParams.delete(name);
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  return { url: url.toString(), ssl: tlsOf(given, host) };
}

function tlsOf(given: Record<string, string | undefined>, host: string): false | VerifiedTls {
  const { sslmode, ssl, sslrootcert, sslcert, sslkey } = given;
  const files = [sslrootcert, sslcert, sslkey].some((path) => path !== undefined);
  const mode = sslmode ?? modeOf(ssl) ?? (files ? 'verify-full' : 'disable');
  if (given['sslnegotiation'] === 'direct' || given['uselibpqcompat'] !== undefined)
    throw new DatabaseAddressError('sslnegotiation and uselibpqcompat of the database URL are not supported');
  if (UNVERIFIED.includes(mode))
    throw new DatabaseAddressError(
      `sslmode=${mode} would accept any server, and is not supported: use verify-full, or disable where nobody is between`,
    );
  if (mode === 'disable') {
    if (files)
      throw new DatabaseAddressError('the database URL names certificates, and its sslmode is disable');
    return false;
  }
  if (!VERIFIED.includes(mode))
    throw new DatabaseAddressError(`sslmode=${mode} is unknown: expected disable or verify-full`);
  if ((sslcert === undefined) !== (sslkey === undefined))
    throw new DatabaseAddressError('sslcert needs sslkey beside it, and sslkey sslcert');
  return {
    rejectUnauthorized: true,
    ...(isIP(host) ? {} : { servername: host }),
    // The driver names no server that it reaches by its IP address, and Node would compare with `localhost`.
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    ...(sslrootcert === undefined || sslrootcert === 'system'
      ? {}
      : { ca: read('sslrootcert', sslrootcert) }),
    ...(sslcert === undefined ? {} : { cert: read('sslcert', sslcert) }),
    ...(sslkey === undefined ? {} : { key: read('sslkey', sslkey) }),
  };
}

/** What other clients write instead of sslmode. */
function modeOf(ssl: string | undefined): string | undefined {
  if (ssl === undefined) return undefined;
  if (ssl === 'true' || ssl === '1') return 'verify-full';
  return ssl === 'false' || ssl === '0' ? 'disable' : ssl;
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new DatabaseAddressError(`the file ${path} (${name} of the database) cannot be read (${code})`);
  }
}
