import { ConfigError } from './load.js';
import type { Config } from './schema.js';

/**
 * Where the admin API's certificate is; undefined when it speaks plain http.
 * @throws ConfigError when only one of the two files is named
 */
export function tlsOf(config: Config): { certificate: string; privateKey: string } | undefined {
  const { TIDINGS_TLS_CERT: certificate, TIDINGS_TLS_KEY: privateKey } = config;
  if (certificate === undefined && privateKey === undefined) return undefined;
  if (certificate === undefined || privateKey === undefined)
    throw new ConfigError('TIDINGS_TLS_CERT and TIDINGS_TLS_KEY need each other; only one of them is set.');
  return { certificate, privateKey };
}
