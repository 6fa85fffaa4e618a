import { createSecureContext, type SecureContext } from 'node:tls';

/** Who a request comes from, shown by a client certificate (mutual TLS). */
export interface TlsIdentity {
  /** Names exactly this certificate, key and CA: connections are kept by it. What differs has another id. */
  id: string;
  /** PEM: the client certificate, with its chain. */
  certificate: string;
  /** PEM, not encrypted. */
  privateKey: string;
  /** PEM: who may have signed the receiver's certificate, in place of those that the system trusts. */
  ca: string | null;
}

/** @throws Error with an OpenSSL code when something is no PEM, or the key is not the certificate's */
export function secureContextOf({ certificate, privateKey, ca }: TlsIdentity): SecureContext {
  return createSecureContext({ cert: certificate, key: privateKey, ...(ca === null ? {} : { ca }) });
}
