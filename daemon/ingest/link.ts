import { word16, word32 } from './hep-frame.ts';

/** Why a frame holds no IP packet that we can read. */
export const NOT_IP = -1;
export const UNKNOWN_LINK_TYPE = -2;
export const SHORT_FRAME = -3;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const MAXIMUM_VLAN_TAGS = 4;

/** Where the IP header begins in a frame of the given LINKTYPE_, or one of the negative codes above. */
export function findIp(linkType: number, bytes: Buffer, start: number, end: number): number {
  switch (linkType) {
    case 1: // Ethernet
      return end - start < 14 ? SHORT_FRAME : afterEtherType(bytes, start + 12, end);
    case 113: // Linux cooked, version 1: the type is the header's last field
      return end - start < 16 ? SHORT_FRAME : afterEtherType(bytes, start + 14, end);
    case 276: // Linux cooked, version 2: the type comes first
      if (end - start < 20) return SHORT_FRAME;
      return skipTags(bytes, word16(bytes, start), start + 20, end);
    case 0: // BSD loopback: address family in the order of the machine that captured
    case 108: // OpenBSD loopback: in network order
      return end - start < 4 ? SHORT_FRAME : afterFamily(bytes, start);
    case 12: // raw IP, as BSD numbers it
    case 14:
    case 101: // raw IP
    case 228: // raw IPv4
    case 229: // raw IPv6
      return end > start ? start : SHORT_FRAME;
    default:
      return UNKNOWN_LINK_TYPE;
  }
}

function afterEtherType(bytes: Buffer, at: number, end: number): number {
  return skipTags(bytes, word16(bytes, at), at + 2, end);
}

/** Passes 802.1Q and 802.1ad tags, which have the next type in their last two bytes. */
function skipTags(bytes: Buffer, firstType: number, firstAt: number, end: number): number {
  let type = firstType;
  let at = firstAt;
  for (let tags = 0; type === 0x8100 || type === 0x88a8 || type === 0x9100; tags++) {
    if (tags === MAXIMUM_VLAN_TAGS) return NOT_IP;
    if (end - at < 4) return SHORT_FRAME;
    type = word16(bytes, at + 2);
    at += 4;
  }
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return NOT_IP;
  return at < end ? at : SHORT_FRAME;
}

function afterFamily(bytes: Buffer, start: number): number {
  const word = word32(bytes, start);
  // Families are below 256: the one byte that is set tells the value in either order.
  const family = (word & 0xffffff) === 0 ? word >>> 24 : word;
  // AF_INET everywhere; AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS.
  const isIp = family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
  return isIp ? start + 4 : NOT_IP;
}
