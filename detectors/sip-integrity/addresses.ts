/** What kind of address a host is. Documentation ranges count as public: laboratories use them so. */
export type AddressClass = 'public' | 'private' | 'shared' | 'loopback' | 'link-local' | 'none' | 'name';

const QUAD = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** @param host address in canonical form (RFC 5952 for IPv6, no brackets), or a name */
export function classOf(host: string): AddressClass {
  const quad = QUAD.exec(host);
  if (quad === null) return host.includes(':') ? classOfIPv6(host) : 'name';
  const first = Number(quad[1]);
  const second = Number(quad[2]);
  // RFC 1918
  if (first === 10 || (first === 172 && second >= 16 && second < 32) || (first === 192 && second === 168))
    return 'private';
  // RFC 6598: carrier-grade NAT, and what Tailscale took for itself.
  if (first === 100 && second >= 64 && second < 128) return 'shared';
  if (first === 127) return 'loopback';
  if (first === 169 && second === 254) return 'link-local';
  // 0.0.0.0 is "on hold" in SDP; from 224 on there are no hosts.
  return first === 0 || first >= 224 ? 'none' : 'public';
}

function classOfIPv6(host: string): AddressClass {
  if (host === '::1') return 'loopback';
  if (host === '::' || /^ff/.test(host)) return 'none';
  if (/^fe[89ab][0-9a-f]:/.test(host)) return 'link-local';
  return /^f[cd][0-9a-f]{2}:/.test(host) ? 'private' : 'public';
}

/** RFC 1918, RFC 6598 or RFC 4193: an address that some NAT stands in front of when it is met on the Internet. */
export function isPrivate(host: string): boolean {
  const kind = classOf(host);
  return kind === 'private' || kind === 'shared';
}

export const isPublic = (host: string): boolean => classOf(host) === 'public';
export const isShared = (host: string): boolean => classOf(host) === 'shared';
export const isIPv6 = (host: string): boolean => host.includes(':');

/**
 * Two private addresses of one realm reach each other without NAT as far as we can tell: the same /24 (/64). Larger routed
 * networks exist, so a difference of realms alone proves nothing; it needs a rewriting or a `received` beside it.
 */
export function realmOf(host: string): string {
  if (!isIPv6(host)) return host.slice(0, host.lastIndexOf('.'));
  return host.split(':').slice(0, 4).join(':');
}

export const sameRealm = (a: string, b: string): boolean => realmOf(a) === realmOf(b);
