import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** What a request is signed over. */
export interface RequestToSign {
  /** The value of `webhook-id`. */
  id: string;
  /** The value of `X-Tidings-Delivery-Id`. */
  delivery: string;
  /** The event's type. */
  type: string;
  /** When the attempt begins, milliseconds since 1970. */
  at: number;
  /** The exact bytes that are sent. */
  body: Uint8Array;
}

type Variable = 'id' | 'delivery_id' | 'type' | 'timestamp' | 'timestamp_ms' | 'body';
type Part = string | { variable: Variable };

/** A signature as other systems make it, its templates read. */
export interface HmacScheme {
  kind: 'hmac';
  hash: 'sha256' | 'sha512';
  /** The header that carries it. */
  header: string;
  /** What stands before it. */
  prefix: readonly Part[];
  /** What is signed. */
  content: readonly Part[];
  encoding: 'hex' | 'base64';
}

/** The key of a secret for such a signature: the bytes of its text, whatever it looks like. */
export function hmacKey(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8');
}

/**
 * The header's value. A prefix with a comma makes it a list: what follows the
 * last comma is repeated with the signature of every key. Elsewhere there is
 * room for one, which is the newest key's.
 * @param keys the newest first, at least one
 */
export function signHmac(scheme: HmacScheme, keys: readonly KeyObject[], request: RequestToSign): string {
  let prefix = '';
  for (const part of scheme.prefix)
    prefix += typeof part === 'string' ? part : textOf(part.variable, request);
  const comma = prefix.lastIndexOf(',');
  const signing = comma === -1 ? keys.slice(0, 1) : keys;
  const separator = prefix.slice(comma);
  return prefix + signing.map((key) => digest(scheme, key, request)).join(separator);
}

function digest({ hash, content, encoding }: HmacScheme, key: KeyObject, request: RequestToSign): string {
  const mac = createHmac(hash, key);
  for (const part of content) {
    if (typeof part === 'string') mac.update(part);
    else if (part.variable === 'body') mac.update(request.body);
    else mac.update(textOf(part.variable, request));
  }
  return mac.digest(encoding);
}

function textOf(variable: Variable, { id, delivery, type, at }: RequestToSign): string {
  switch (variable) {
    case 'id':
      return id;
    case 'delivery_id':
      return delivery;
    case 'type':
      return type;
    case 'timestamp':
      return String(Math.floor(at / 1000));
    case 'timestamp_ms':
      return String(at);
    case 'body':
      return ''; // bytes, which digest() takes as they are; no prefix has it
  }
}
