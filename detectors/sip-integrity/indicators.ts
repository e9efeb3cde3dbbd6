import { isIPv6, isPrivate, isPublic, isShared, sameRealm } from './addresses.ts';
import type { IdentityHost, RequestFacts, SdpFacts, ViaFacts } from './facts.ts';
import type { Code, Indication } from './indicator-table.ts';

const SIP_PORT = 5060;

/** Why nothing can be said of this request, null where something can. */
export function unassessable({ transport, vias, source }: RequestFacts): string | null {
  if (transport === 'tls' || transport === 'wss')
    return `${transport.toUpperCase()}: no router can read or rewrite it`;
  const [via] = vias;
  if (via === undefined) return 'no Via could be read';
  if (via.host.endsWith('.invalid')) return `Via ${via.host}: the client does not know its address`;
  if (!isAddress(via.host)) return `Via ${via.host}: a name does not show what was rewritten`;
  return isIPv6(source.host) && isIPv6(via.host)
    ? 'IPv6 only: no NAT is to be expected, none would show'
    : null;
}

const isAddress = (host: string): boolean => isIPv6(host) || /^\d+\.\d+\.\d+\.\d+$/.test(host);

/** The only Via, null where a proxy stands between the client and us: then its address is no sign of rewriting. */
export function soleVia({ vias }: RequestFacts): ViaFacts | null {
  return vias.length === 1 ? vias[0] : null;
}

/** Port of sent-by; RFC 3261 §18.1.1 for none. */
export const viaPort = (via: ViaFacts): number => via.port ?? SIP_PORT;

/** Sent-by is where the packet came from. Over TCP a client writes the port that it listens on, so the port says nothing. */
export function carriesSource({ source, transport }: RequestFacts, via: ViaFacts): boolean {
  return (
    via.host === source.host && isPublic(source.host) && (transport !== 'udp' || viaPort(via) === source.port)
  );
}

/** Private addresses that are left in places which routers do not rewrite. */
export interface Residue {
  /** a=rtcp and host candidates. */
  readonly media: readonly string[];
  readonly identities: readonly IdentityHost[];
}

export function residueOf({ sdp, identities }: RequestFacts): Residue {
  return {
    media: sdp === null ? [] : [...new Set([...sdp.rtcp, ...sdp.hostCandidates])].filter(isPrivate),
    identities: identities.filter(({ host }) => isPrivate(host)),
  };
}

const ADVICE = 'a router on the way rewrites SIP; switch off its SIP ALG';

/** What one request shows by itself, each code once. */
export function indicationsOf(facts: RequestFacts): Indication[] {
  const found: Indication[] = [];
  const tell = (code: Code, text: string): void => {
    found.push({ code, text });
  };
  const reason = unassessable(facts);
  if (facts.transport === 'tls' || facts.transport === 'wss' || facts.vias.length === 0) return found;
  body(facts, tell);
  if (reason !== null) return found;
  const via = soleVia(facts);
  const residue = residueOf(facts);
  topVia(facts, tell);
  if (via !== null) digest(facts, tell);
  if (via === null) {
    chainOfVias(facts, tell);
  } else {
    if (carriesSource(facts, via)) publicVia(facts, via, residue, tell);
    else if (isPublic(via.host)) staticAddress(facts, via, tell);
    else if (isPrivate(via.host)) privateVia(facts, via, residue, tell);
  }
  if (isPrivate(facts.source.host))
    tell('M0', `the proxy sees the private address ${facts.source.host} itself`);
  return found;
}

/** Signs in the body, whatever the Via says. */
function body({ sdp, body, transport, source }: RequestFacts, tell: Tell): void {
  if (body !== null && transport === 'udp' && body.actualBytes !== body.declaredBytes)
    tell(
      'A7',
      `Content-Length says ${body.declaredBytes} bytes but ${body.actualBytes} came: the body was changed on the way`,
    );
  if (sdp === null) return;
  if (sdp.fortiGate !== null)
    tell(
      'A8',
      `SDP i=(o=IN IP4 ${sdp.fortiGate}) is a FortiGate's mark: it rewrites SIP; switch off its SIP ALG`,
    );
  if (
    sdp.origin !== null &&
    isPrivate(sdp.origin) &&
    isPublic(source.host) &&
    // A relay's address (TURN) is not what a router writes.
    sdp.connections.length > 0 &&
    sdp.connections.every((host) => host === source.host) &&
    sdp.reflexiveCandidates.length === 0
  )
    tell('A6', `SDP c=${source.host} but o= still ${sdp.origin}`);
  reflexive(sdp, tell);
}

/** STUN saw a private address: its server, or a NAT behind which it stands, is not yet the Internet. */
function reflexive(sdp: SdpFacts, tell: Tell): void {
  for (const address of sdp.reflexiveCandidates) {
    if (!isPrivate(address) || throughOwnInterface(address, sdp)) continue;
    const host = sdp.hostCandidates.find(isPrivate);
    tell(
      'M2',
      `STUN found ${address}${host ? ` for ${host}` : ''}: a private address in front of the telephone's NAT`,
    );
    return;
  }
}

/** A VPN's interface is among the host candidates, and STUN through it finds its addresses. 100.64/10 is one network there. */
function throughOwnInterface(address: string, sdp: SdpFacts): boolean {
  return sdp.hostCandidates.some((host) => sameRealm(host, address) || (isShared(host) && isShared(address)));
}

function topVia({ vias }: RequestFacts, tell: Tell): void {
  const [top] = vias;
  if (top.received !== null || typeof top.rport === 'number')
    tell(
      'A9',
      `Via ${shown(top)} already has ${top.received !== null ? `received=${top.received}` : `rport=${top.rport}`}, which only we should add: ${ADVICE}`,
    );
}

/**
 * RFC 7616 §3.4: the digest's uri is the Request-URI as the client wrote it, and a router cannot change what was hashed. A proxy on the site
 * may (so several Vias tell nothing), and an ACK takes the credentials of its INVITE along (RFC 3261 §13.2.2.4) to another Request-URI.
 */
function digest({ digestHost, requestHost, inDialog }: RequestFacts, tell: Tell): void {
  if (inDialog || digestHost === null || requestHost === null || digestHost === requestHost) return;
  if (isAddress(digestHost) && isAddress(requestHost))
    tell('A11', `the request is for ${requestHost} but its digest was made for ${digestHost}: ${ADVICE}`);
}

/** The only Via has the packet's own public address: no NAT, a client that knows its address, or a rewriting router. */
function publicVia(facts: RequestFacts, via: ViaFacts, residue: Residue, tell: Tell): void {
  const { sdp, contacts, source } = facts;
  // A router writes its own address; another public one is a relay's (TURN) or a media server's.
  const rewritten = sdp === null || sdp.connections.includes(source.host) || sdp.connections.length === 0;
  // A host that also has the public address itself has two interfaces, and one with a reflexive candidate knows it by STUN.
  const knows =
    sdp !== null && (sdp.reflexiveCandidates.length > 0 || sdp.hostCandidates.includes(source.host));
  if (rewritten && !knows) {
    if (sdp !== null && residue.media.length > 0) {
      const address = residue.media[0];
      const where = sdp.rtcp.includes(address) ? 'a=rtcp' : 'a=candidate';
      tell('A1', `Via ${shown(via)} but ${where} still ${address}: ${ADVICE}`);
    } else if (residue.identities.length > 0) {
      const [{ header, host }] = residue.identities;
      tell('A1i', `Via ${shown(via)} but ${header} still has ${host}: ${ADVICE}`);
    }
  }
  const contact = contacts.find(({ host }) => isPrivate(host));
  if (contact !== undefined && contacts.every(({ host }) => isPrivate(host)))
    tell('A2', `Via ${shown(via)} but Contact still ${contact.host}: ${ADVICE}`);
}

/** A public address that is not the packet's, to the port: somebody configured it. TCP has ports of its own for each connection. */
function staticAddress({ transport, source }: RequestFacts, via: ViaFacts, tell: Tell): void {
  if (transport === 'udp')
    tell(
      'N2',
      `Via ${shown(via)} but the packet comes from ${source.host}:${source.port}: a configured address`,
    );
}

function privateVia(facts: RequestFacts, via: ViaFacts, residue: Residue, tell: Tell): void {
  const { sdp, contacts, source } = facts;
  const contact = contacts.find(({ host }) => host === source.host && isPublic(host));
  if (contact !== undefined && source.host !== via.host)
    tell('A3', `Via ${shown(via)} but Contact ${contact.host}`);
  const consistent = contacts.every(({ host }) => host === via.host);
  const sameMedia = sdp === null || sdp.connections.every((host) => host === via.host);
  const inside = innerAddress(via, residue, sdp);
  // A router that knows the ports leaves a Contact with another port alone.
  const asBefore = contacts.every(({ host }) => host === via.host || host === inside?.address);
  if (asBefore && sameMedia && inside !== null) {
    const { address, where } = inside;
    const weak = where !== 'SDP';
    tell(
      weak ? 'A10i' : 'A10',
      `Via ${via.host} but ${where} still has ${address}: an inner router rewrites SIP to its own outer address; switch off its SIP ALG`,
    );
    tell(
      weak ? 'M4i' : 'M4',
      `${address} in ${where} lies behind ${via.host}, and that behind ${source.host}: NAT within NAT`,
    );
  } else if (consistent && contacts.length > 0 && sameMedia && !facts.inDialog) {
    tell('N3', `Via and Contact both ${via.host}: nothing was rewritten`);
  }
  otherMediaRealm(via, sdp, tell);
  if (inside !== null && isShared(via.host) !== isShared(inside.address))
    tell(
      inside.where === 'SDP' ? 'M5' : 'M5i',
      `${isShared(via.host) ? via.host : inside.address} is a carrier's NAT, in front of another private network`,
    );
}

/**
 * The address that the sender really has, where Via was rewritten to another private one. A machine with several interfaces
 * names the Via's among its candidates.
 */
export function innerAddress(
  via: ViaFacts,
  residue: Residue,
  sdp: SdpFacts | null,
): { readonly address: string; readonly where: string } | null {
  if (sdp !== null && (sdp.reflexiveCandidates.length > 0 || sdp.hostCandidates.includes(via.host)))
    return null;
  const foreign = (host: string): boolean => !sameRealm(host, via.host);
  if (residue.media.length > 0)
    return residue.media.every(foreign) ? { address: residue.media[0], where: 'SDP' } : null;
  // From is rewritten as Via is, and is the Via's in a client that writes its address there.
  const identities = residue.identities.filter(({ header, host }) => header !== 'From' || host !== via.host);
  const [first] = identities;
  return first !== undefined && identities.every(({ host }) => foreign(host))
    ? { address: first.host, where: first.header }
    : null;
}

/** c= in another private network than Via, though the rest of SDP still has the Via's: rewritten, not a second interface. */
function otherMediaRealm(via: ViaFacts, sdp: SdpFacts | null, tell: Tell): void {
  if (sdp === null) return;
  const media = sdp.connections.find((host) => isPrivate(host) && !sameRealm(host, via.host));
  if (media === undefined || sdp.hostCandidates.includes(media)) return;
  const left = [sdp.origin, ...sdp.rtcp, ...sdp.hostCandidates].find((host) => host === via.host);
  if (left !== undefined)
    tell(
      'M3',
      `SDP c=${media} but Via and the rest ${via.host}: rewritten to the address of an inner router`,
    );
}

/** A proxy of the customer's, or a router that behaves like one. */
function chainOfVias(facts: RequestFacts, tell: Tell): void {
  const { vias, routers, source } = facts;
  const [top, ...lower] = vias;
  for (const via of lower) {
    const { host, received } = via;
    if (received === null || !isPrivate(received) || !isPrivate(host) || sameRealm(host, received)) continue;
    tell(
      'M1',
      `lower Via ${host};received=${received}: a NAT between the telephone and the proxy on the site`,
    );
    if (isShared(received) !== isShared(host))
      tell(
        'M5',
        `${isShared(host) ? host : received} is a carrier's NAT, in front of another private network`,
      );
    break;
  }
  // A proxy names itself in Record-Route or Path, both its sides where it has two (RFC 5658).
  const privateRouters = routers.filter(isPrivate);
  if (
    isPrivate(top.host) &&
    top.host !== source.host &&
    privateRouters.length > 0 &&
    privateRouters.every((host) => !sameRealm(host, top.host))
  )
    tell(
      'M6',
      `top Via ${top.host} but the site's proxy is ${privateRouters[0]}: another router in front of it`,
    );
  const [next] = lower;
  if (
    isPublic(top.host) &&
    top.rport === null &&
    isPrivate(next.host) &&
    next.received === null &&
    !recordsItself(facts)
  )
    tell(
      'A13',
      `Via ${shown(top)} without rport stands over the telephone's ${next.host}: a router answers as a proxy; switch off its SIP ALG`,
    );
}

/**
 * The topmost Via is that of a proxy which is in Record-Route or Path, by this address or, where it has two interfaces, by the inner one. One
 * that stands behind it in the list of Vias is another.
 */
export function recordsItself({ vias, routers }: RequestFacts): boolean {
  if (vias.length < 2 || routers.length === 0) return false;
  return routers.includes(vias[0].host) || !routers.includes(vias[1].host);
}

type Tell = (code: Code, text: string) => void;

export function shown({ host, port }: ViaFacts): string {
  if (port === null) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
