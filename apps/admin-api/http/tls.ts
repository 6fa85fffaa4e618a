import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Server } from 'node:https';
import type { Logger } from '#observability';

/** Where the certificate chain and its private key are, PEM. */
export interface TlsFiles {
  certificate: string;
  privateKey: string;
  /** How often the files are looked at for renewed ones, milliseconds. */
  lookEveryMs?: number;
}

interface Pair {
  cert: string;
  key: string;
}

/** Certificates are renewed days before they end. */
const LOOK_EVERY_MS = 10_000;
export const LOWEST_TLS = { minVersion: 'TLSv1.2' } as const;

/**
 * The pair in the files.
 * @throws Error in one sentence when a file cannot be read or the two do not go together; it shows nothing of the key
 */
export function readTls({ certificate, privateKey }: TlsFiles): Pair {
  const pair = { cert: readNamed(certificate), key: readNamed(privateKey) };
  const fault = faultOf(pair);
  if (fault !== undefined)
    throw new Error(`TIDINGS_TLS_CERT and TIDINGS_TLS_KEY cannot be used together: ${fault}.`);
  return pair;
}

function readNamed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Error(`The file ${path} of TIDINGS_TLS_CERT or TIDINGS_TLS_KEY cannot be read (${code}).`, {
      cause: error,
    });
  }
}

function faultOf(pair: Pair): string | undefined {
  try {
    createSecureContext({ ...pair, ...LOWEST_TLS });
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/**
 * Takes renewed files into use, without a restart. It looks at their text rather
 * than at their dates: renewals by symbolic links change no date that a watcher
 * of the file sees. A pair that does not go together, such as one half written,
 * is not used.
 * @param first the pair that the server was started with
 * @param inUse told of the certificate that is used, PEM, now and whenever there is another one
 * @returns what ends it
 */
export function keepTlsRenewed(
  server: Server,
  files: TlsFiles,
  first: Pair,
  logger: Logger,
  inUse: (certificate: string) => void = () => undefined,
): () => void {
  let used = first;
  inUse(first.cert);
  let refused = '';
  const look = async (): Promise<void> => {
    const [cert, key] = await Promise.all([
      readFile(files.certificate, 'utf8'),
      readFile(files.privateKey, 'utf8'),
    ]);
    if (cert === used.cert && key === used.key) return;
    const fault = faultOf({ cert, key });
    if (fault === undefined) {
      server.setSecureContext({ cert, key, ...LOWEST_TLS });
      used = { cert, key };
      inUse(cert);
      logger.info('the TLS certificate was renewed');
    } else if (refused !== cert) {
      refused = cert;
      logger.warn({ reason: fault }, 'the renewed TLS certificate cannot be used; the one before goes on');
    }
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => logger.warn({ err: error }, 'the TLS files cannot be read'));
  }, files.lookEveryMs ?? LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
