const INITIAL = [64, 128, 255];
/** Farther than any path through the Internet: then it is no initial value known here. */
const MOST_ROUTERS = 32;
const MOST_SITES = 20_000;
const MOST_DEPTHS = 8;
const FRESH_MS = 600_000;

/**
 * Routers that a packet passed, from its time to live (IPv6: hop limit): systems begin with 64, 128 or 255. Null where there is none (below 0), or
 * none that fits.
 */
export function routersPassed(ttl: number): number | null {
  const initial = ttl <= 0 ? undefined : INITIAL.find((value) => ttl <= value);
  return initial === undefined || initial - ttl > MOST_ROUTERS ? null : initial - ttl;
}

/**
 * How far away the devices behind each public address are. The way through the Internet is common to all of them, so that one which is farther away
 * than another has a further router within the site before it: a second NAT, or a routed network. A way that changes moves
 * all of them at once; so only depths that alternate count.
 */
export class SiteDepths {
  /** When each depth was last seen, by address. */
  readonly #sites = new Map<string, Map<number, number>>();

  /** Takes a packet in; returns how many routers more it passed than others that came since the last one of its depth, 0: none. */
  note(host: string, routers: number, atMs: number): number {
    let depths = this.#sites.get(host);
    if (depths === undefined) {
      dropOldest(this.#sites, MOST_SITES);
      depths = new Map();
      this.#sites.set(host, depths);
    }
    const beforeMs = depths.get(routers) ?? Number.POSITIVE_INFINITY;
    let more = 0;
    if (atMs - beforeMs < FRESH_MS)
      for (const [other, seenMs] of depths) if (seenMs > beforeMs) more = Math.max(more, routers - other);
    depths.delete(routers);
    dropOldest(depths, MOST_DEPTHS);
    depths.set(routers, atMs);
    return more;
  }
}

function dropOldest<K, V>(map: Map<K, V>, most: number): void {
  if (map.size < most) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
