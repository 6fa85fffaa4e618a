import { isIPv6 } from 'node:net';

/** RFC 3986, appendix B: what any text is cut into; the text must be within bounds. */
const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const SCHEME = /^[a-z][a-z\d+.-]*$/i;
const AUTHORITY =
  /^(?:(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*@)?(?:\[([^\]]*)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;
const PATH = /^(?:[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2})*$/i;
const QUERY = /^(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*$/i;
const LONGEST = 2_000;

/**
 * Whether a text of at most 2,000 characters is a URI by RFC 3986, section 3,
 * of more than a scheme: common validators of CloudEvents refuse `a:`.
 */
export function isUri(text: string): boolean {
  const [, scheme, authority = '', path = ''] = PARTS.exec(text) ?? [];
  return scheme !== undefined && authority + path !== '' && isUriReference(text);
}

/** Whether a text of at most 2,000 characters is a URI or a relative reference by RFC 3986, section 4.1. */
export function isUriReference(text: string): boolean {
  if (text.length > LONGEST) return false;
  const [, scheme, authority, path = '', query = '', fragment = ''] = PARTS.exec(text) ?? [];
  if (scheme === undefined ? authority === undefined && path.startsWith(':') : !SCHEME.test(scheme))
    return false;
  return isAuthority(authority ?? '') && PATH.test(path) && QUERY.test(query) && QUERY.test(fragment);
}

function isAuthority(text: string): boolean {
  const parts = AUTHORITY.exec(text);
  return parts !== null && (parts[1] === undefined || isIPv6(parts[1]));
}
