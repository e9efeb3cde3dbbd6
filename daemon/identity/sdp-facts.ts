import type { SdpFacts } from '../../detectors/sip-integrity/facts.ts';
import { canonicalHost } from './host.ts';

/** Lines and candidates read at most; what comes later is left unread. */
const MAXIMUM_LINES = 512;
const MAXIMUM_ADDRESSES = 32;
const MAXIMUM_LINE = 512;

/** The addresses of a session description (RFC 8866, RFC 3605, RFC 8839). */
export function sdpFacts(sdp: string): SdpFacts {
  let origin: string | null = null;
  let session: string | null = null;
  let fortiGate: string | null = null;
  let media: string | null = null;
  let inMedia = false;
  const connections = new Set<string>();
  const rtcp = new Set<string>();
  const hostCandidates = new Set<string>();
  const reflexiveCandidates = new Set<string>();
  const endMedia = (): void => {
    const connection = media ?? session;
    if (inMedia && connection !== null) add(connections, connection);
    media = null;
  };
  for (const line of sdp.split(/\r?\n|\r/, MAXIMUM_LINES)) {
    const value = line.slice(2, MAXIMUM_LINE);
    switch (line.slice(0, 2)) {
      case 'o=':
        origin ??= addressIn(value);
        break;
      case 'c=':
        if (inMedia) media ??= addressIn(value);
        else session ??= addressIn(value);
        break;
      case 'm=':
        endMedia();
        inMedia = true;
        break;
      case 'i=':
        fortiGate ??= fortiGateMark(value);
        break;
      case 'a=':
        attribute(value, rtcp, hostCandidates, reflexiveCandidates);
        break;
    }
  }
  endMedia();
  if (!inMedia && session !== null) connections.add(session);
  return {
    origin,
    connections: [...connections],
    rtcp: [...rtcp],
    hostCandidates: [...hostCandidates],
    reflexiveCandidates: [...reflexiveCandidates],
    fortiGate,
  };
}

/** Address after `IN IP4` or `IN IP6`, without a multicast's time to live. */
function addressIn(value: string): string | null {
  const match = /\bIN\s+IP[46]\s+([^\s/)]+)/i.exec(value);
  return match === null ? null : canonicalHost(match[1]);
}

function fortiGateMark(value: string): string | null {
  return /^\(o=IN\s+IP[46]\s/i.test(value) ? addressIn(value) : null;
}

function attribute(value: string, rtcp: Set<string>, host: Set<string>, reflexive: Set<string>): void {
  if (value.startsWith('rtcp:')) {
    const address = addressIn(value);
    if (address !== null) add(rtcp, address);
  } else if (value.startsWith('candidate:')) {
    // foundation component transport priority address port "typ" type
    const parts = value.split(/\s+/, 8);
    if (parts.length < 8 || parts[6] !== 'typ') return;
    const address = canonicalHost(parts[4]);
    if (parts[7] === 'host') add(host, address);
    else if (parts[7] === 'srflx') add(reflexive, address);
  }
}

function add(set: Set<string>, address: string): void {
  if (set.size < MAXIMUM_ADDRESSES) set.add(address);
}
