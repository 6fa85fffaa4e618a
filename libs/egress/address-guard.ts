import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where webhooks may go. */
export interface EgressPolicy {
  /** CIDRs that may be reached although they are private. */
  allow: string[];
  /** Whether plain http may be used. */
  http: boolean;
  ports: number[] | 'any';
  /** `http://[user:password@]host:port`: a proxy that every connection is to go through, by CONNECT. */
  proxy?: string | undefined;
}

export type UrlVerdict = { ok: true } | { ok: false; reason: string };

/** The address that a name stands for may not be reached. What the tenant is told is coarse: no oracle for scanning. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError';
  constructor() {
    super('The address may not be reached.');
  }
}

/** Names of inner networks: RFC 6761, 6762 (appendix G) and 8375, ICANN's `internal`, Kubernetes. */
const INNER_NAMES =
  /(^|\.)(localhost|local|internal|svc|localdomain|home\.arpa|intranet|private|corp|home|lan)$/;
const EMPTY_LABEL = /^\.|\.\.|\.$/;
const LOOPBACK = ['127.0.0.1', '::1'];
/** Metadata service of Azure: a public address by its range, reachable from every machine there. */
const ALWAYS_DENIED = new Set(['168.63.129.16']);

/**
 * Decides which addresses may be reached. The same guard serves the check when
 * a webhook is saved and, in the connector, every connection that is made
 * (docs/security.md).
 */
export class AddressGuard {
  private readonly allowed: [ipaddr.IPv4 | ipaddr.IPv6, number][];

  /**
   * @param resolve looks names up; the system's own look-up unless a spec says otherwise
   * @throws Error when a CIDR of `allow` is none
   */
  constructor(
    private readonly policy: EgressPolicy,
    private readonly resolve: typeof lookup = lookup,
  ) {
    this.allowed = policy.allow.map((cidr) =>
      ipaddr.parseCIDR(cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`),
    );
  }

  /** Whether a URL may be asked, as far as it can be told without looking names up. */
  checkUrl(text: string): UrlVerdict {
    const url = URL.parse(text);
    if (!url) return { ok: false, reason: 'is not a URL' };
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return { ok: false, reason: 'must use https' };
    if (url.protocol === 'http:' && !this.policy.http)
      return { ok: false, reason: 'must use https; plain http is not allowed here' };
    if (url.username !== '' || url.password !== '')
      return { ok: false, reason: 'must not hold credentials; use auth' };
    if (!this.allowsPort(url)) return { ok: false, reason: `must not use the port ${portOf(url)}` };
    return this.checkHost(url.hostname);
  }

  /** Whether an IP address may be connected to. */
  allowsAddress(text: string): boolean {
    // ipaddr.js alone reads `1.2.3` as an address too.
    if (isIP(text) === 0) return false;
    const address = ipaddr.process(text);
    if (
      this.allowed.some(
        ([network, bits]) => address.kind() === network.kind() && address.match(network, bits),
      )
    )
      return true;
    if (ALWAYS_DENIED.has(address.toString())) return false;
    return address.range() === 'unicast' && (address instanceof ipaddr.IPv4 || isPublicIpv6(address));
  }

  /**
   * A DNS look-up for connectors that answers only with addresses which may be
   * reached, so that what was checked is what is connected to. One denied
   * address refuses the name.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const denied = addresses.length === 0 || addresses.some(({ address }) => !this.allowsAddress(address));
      if (denied) return callback(new BlockedAddressError(), '', 0);
      if (options.all) return (callback as (e: null, all: LookupAddress[]) => void)(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? '', first?.family);
    });
  };

  private checkHost(hostname: string): UrlVerdict {
    const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    if (isIP(literal) !== 0) {
      return this.allowsAddress(literal)
        ? { ok: true }
        : { ok: false, reason: 'must not point to that address' };
    }
    const name = hostname.replace(/\.$/, '');
    // This machine, allowed on purpose, may be called by its name: the look-up still decides.
    if (name === 'localhost' && LOOPBACK.some((address) => this.allowsAddress(address))) return { ok: true };
    if (!name.includes('.') || INNER_NAMES.test(name) || EMPTY_LABEL.test(name))
      return { ok: false, reason: 'must name a public host' };
    return { ok: true };
  }

  private allowsPort(url: URL): boolean {
    const port = portOf(url);
    return port !== 0 && (this.policy.ports === 'any' || this.policy.ports.includes(port));
  }
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * Closes the gaps of what ipaddr.js calls unicast: only 2000::/3 is given out
 * at all (`::/96`, which carries IPv4 addresses, lies outside it), and ISATAP's
 * `::5efe:` carries an IPv4 address in any network.
 */
function isPublicIpv6({ parts }: ipaddr.IPv6): boolean {
  const [first = 0, , , , fifth, sixth] = parts;
  const isatap = (fifth === 0 || fifth === 0x200) && sixth === 0x5efe;
  return first >> 13 === 1 && !isatap;
}
