import { isPrivate, isShared, sameRealm } from './addresses.ts';
import type { RequestFacts } from './facts.ts';
import { innerAddress, residueOf, soleVia } from './indicators.ts';

/**
 * Addresses from the telephone outwards, each of which a NAT turned into the next as far as this request proves it. The number of
 * NATs is one less than their number; networks that rewrite nothing and leak nothing cannot be counted.
 */
export function natChain(facts: RequestFacts): readonly string[] {
  if (facts.transport === 'tls' || facts.transport === 'wss' || facts.vias.length === 0) return [];
  return soleVia(facts) === null ? ofVias(facts) : ofOneVia(facts);
}

function ofOneVia(facts: RequestFacts): string[] {
  const { source, sdp } = facts;
  const via = facts.vias[0];
  const residue = residueOf(facts);
  const chain: string[] = [];
  if (isPrivate(via.host)) {
    const inside = innerAddress(via, residue, sdp);
    const contradicted = facts.contacts.some(({ host }) => host !== via.host && host !== inside?.address);
    if (inside !== null && !contradicted) chain.push(inside.address);
    chain.push(via.host);
    const outer = sdp === null ? undefined : rewrittenMedia(via.host, sdp);
    if (outer !== undefined && chain.length === 1) chain.push(outer);
  } else {
    const inside =
      residue.media[0] ??
      residue.identities[0]?.host ??
      facts.contacts.find(({ host }) => isPrivate(host))?.host;
    if (inside !== undefined) chain.push(inside);
  }
  const stun = sdp?.reflexiveCandidates.find(
    (host) =>
      isPrivate(host) &&
      !sdp.hostCandidates.some((own) => sameRealm(own, host) || (isShared(own) && isShared(host))),
  );
  if (stun !== undefined && chain.length <= 1) {
    const host = chain[0] ?? sdp?.hostCandidates.find(isPrivate);
    chain.length = 0;
    if (host !== undefined && host !== stun) chain.push(host);
    chain.push(stun);
  }
  if (chain.at(-1) !== source.host) chain.push(source.host);
  return chain;
}

function rewrittenMedia(host: string, sdp: NonNullable<RequestFacts['sdp']>): string | undefined {
  if (![sdp.origin, ...sdp.rtcp, ...sdp.hostCandidates].includes(host)) return undefined;
  return sdp.connections.find(
    (media) => isPrivate(media) && !sameRealm(media, host) && !sdp.hostCandidates.includes(media),
  );
}

/** From hop to hop: `received` other than sent-by is a NAT, the way from one proxy's inside to its outside is none. */
function ofVias({ vias, routers, source }: RequestFacts): string[] {
  const chain: string[] = [];
  for (const { host, received } of vias.slice(1).reverse()) {
    if (received === null || !isPrivate(host) || sameRealm(host, received)) continue;
    if (chain.at(-1) !== host) chain.push(host);
    chain.push(received);
    // From here on there is the Internet, and whoever forwards there is hosted.
    if (!isPrivate(received)) return chain;
  }
  const top = vias[0].host;
  const inner = routers.filter(isPrivate);
  if (!isPrivate(top)) {
    if (chain.length > 0 && isPrivate(chain.at(-1)!)) chain[chain.length - 1] = source.host;
  } else if (top !== source.host) {
    if (inner.length > 0 && inner.every((host) => !sameRealm(host, top))) {
      if (chain.length === 0) chain.push(inner[0]);
      chain.push(top);
    } else if (chain.length === 0) chain.push(top);
  }
  if (chain.at(-1) !== source.host) chain.push(source.host);
  return chain;
}
