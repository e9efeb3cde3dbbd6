import { formatAddress, parseAddress } from '../ingest/address.ts';

const MAXIMUM_HOST = 255;

/** An address in its one form without brackets and zone, IPv4-mapped as IPv4; a name in lower case, cut at 255. */
export function canonicalHost(text: string): string {
  const bare = text.startsWith('[') ? text.replace(/^\[|\]$/g, '') : text;
  const zone = bare.indexOf('%');
  const address = parseAddress(zone < 0 ? bare : bare.slice(0, zone));
  if (address !== null) return formatAddress(address);
  return bare.slice(0, MAXIMUM_HOST).replace(/\.$/, '').toLowerCase();
}
