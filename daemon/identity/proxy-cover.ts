import { formatAddress, formatEndpoint } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';
import { Hash64, hashFinish, hashInt, hashStart } from '../sip/hash.ts';
import { HashIndex } from '../sip/hash-index.ts';

/** Proxies that are taken at most. */
const MAXIMUM_PROXIES = 8;
/** Endpoints and pairs of them that are kept; later ones teach nothing. */
const MAXIMUM_ENDPOINTS = 262_144;
const MAXIMUM_PAIRS = 524_288;

/** Two endpoints that exchanged messages, as numbers. */
interface Pair {
  readonly a: number;
  readonly b: number;
}

/** Who may be a proxy: an address, or an endpoint where peers share the address (a test on loopback). */
interface Node {
  /** One of its endpoints. */
  readonly endpoint: Endpoint;
  readonly ports: Set<number>;
  /** The node that each pair leads to; the same peer may stand behind several pairs. */
  readonly peers: Set<Node>;
  /** Peers that sent it a REGISTER, and that it sent one to. */
  readonly registering: Set<Node>;
  readonly registrars: Set<Node>;
  /** Number of the first message that asked it for something, Infinity if none did. */
  firstAsked: number;
  readonly isAddress: boolean;
}

const key = new Hash64();

/**
 * Finds the proxies of a whole capture: a smallest set of endpoints such that every message has one of them on a side, taken greedily.
 * The one with the most peers not yet covered comes first; among equals the one with more telephones that register with it, then the one
 * whose port is steadier, then the one that was asked for something first. Who only registers with all it talks to is a telephone and never taken.
 * Differs from ProxyLearner, which hears live traffic once, in that it may find several proxies of one capture.
 */
export class ProxyCover {
  readonly #index = new HashIndex(1024);
  readonly #endpoints: Endpoint[] = [];
  readonly #firstAsked: number[] = [];
  readonly #pairs = new Map<number, Pair>();
  /** Keys of pairs, a REGISTER having gone from the first to the second. */
  readonly #registers = new Set<number>();
  #messages = 0;

  /** Takes a SIP message in. 0.0.0.0 and :: are proxies anyway (Network): messages with one of them on a side teach nothing. */
  observe(source: Endpoint, destination: Endpoint, isRequest: boolean, isRegister: boolean): void {
    if (isUnspecified(source) || isUnspecified(destination)) return;
    const from = this.#numberOf(source);
    const to = this.#numberOf(destination);
    if (from < 0 || to < 0) return;
    const number = this.#messages++;
    if (isRequest && this.#firstAsked[to] === Number.POSITIVE_INFINITY) this.#firstAsked[to] = number;
    const directed = from * MAXIMUM_ENDPOINTS + to;
    const pair = from < to ? directed : to * MAXIMUM_ENDPOINTS + from;
    if (!this.#pairs.has(pair)) {
      if (this.#pairs.size >= MAXIMUM_PAIRS) return;
      this.#pairs.set(pair, { a: Math.min(from, to), b: Math.max(from, to) });
    }
    if (isRegister) this.#registers.add(directed);
  }

  /** The proxies as the configuration writes them: address:port, or the address where several of its ports were seen. At most 8. */
  proxies(): string[] {
    const pairs = this.#nodePairs();
    const nodes = new Set(pairs.flat());
    const candidates = [...nodes].filter((node) => !isTelephone(node));
    const chosen: Node[] = [];
    let open = pairs;
    while (open.length > 0 && chosen.length < MAXIMUM_PROXIES) {
      const gains = new Map<Node, Set<Node>>();
      for (const [a, b] of open) {
        gainOf(gains, a).add(b);
        gainOf(gains, b).add(a);
      }
      const best = candidates
        .filter((node) => gains.has(node))
        .reduce<Node | null>((a, b) => (a === null || isBetter(b, a, gains) ? b : a), null);
      if (best === null) break;
      chosen.push(best);
      open = open.filter(([a, b]) => a !== best && b !== best);
    }
    return withoutNeedless(chosen, pairs).map(({ endpoint, ports, isAddress }) =>
      isAddress && ports.size > 1 ? formatAddress(endpoint) : formatEndpoint(endpoint),
    );
  }

  #numberOf(endpoint: Endpoint): number {
    const { w0, w1, w2, w3, port } = endpoint;
    hashStart(key);
    for (const word of [w0, w1, w2, w3, port]) hashInt(word, key);
    hashFinish(key);
    const known = this.#index.find(key.hi, key.lo);
    if (known >= 0 || this.#endpoints.length >= MAXIMUM_ENDPOINTS) return known;
    const copy = new Endpoint();
    copy.copy(endpoint);
    const number = this.#endpoints.push(copy) - 1;
    this.#firstAsked.push(Number.POSITIVE_INFINITY);
    this.#index.set(key.hi, key.lo, number);
    return number;
  }

  /** The pairs as pairs of nodes, each once. */
  #nodePairs(): (readonly [Node, Node])[] {
    const addresses = this.#endpoints.map(formatAddress);
    const shared = new Set<string>();
    for (const { a, b } of this.#pairs.values()) if (addresses[a] === addresses[b]) shared.add(addresses[a]);
    const byAddress = new Map<string, Node>();
    const nodes = this.#endpoints.map((endpoint, i) => {
      const isAddress = !shared.has(addresses[i]);
      const known = isAddress ? byAddress.get(addresses[i]) : undefined;
      const firstAsked = this.#firstAsked[i];
      if (known !== undefined) {
        known.ports.add(endpoint.port);
        known.firstAsked = Math.min(known.firstAsked, firstAsked);
        return known;
      }
      const node: Node = {
        endpoint,
        ports: new Set([endpoint.port]),
        peers: new Set(),
        registering: new Set(),
        registrars: new Set(),
        firstAsked,
        isAddress,
      };
      if (isAddress) byAddress.set(addresses[i], node);
      return node;
    });
    const pairs: (readonly [Node, Node])[] = [];
    for (const { a, b } of this.#pairs.values()) {
      const [first, second] = [nodes[a], nodes[b]];
      if (this.#registers.has(a * MAXIMUM_ENDPOINTS + b)) noteRegister(first, second);
      if (this.#registers.has(b * MAXIMUM_ENDPOINTS + a)) noteRegister(second, first);
      if (first.peers.has(second)) continue;
      first.peers.add(second);
      second.peers.add(first);
      pairs.push([first, second]);
    }
    return pairs;
  }
}

function noteRegister(from: Node, to: Node): void {
  from.registrars.add(to);
  to.registering.add(from);
}

function isTelephone({ peers, registering, registrars }: Node): boolean {
  return registering.size === 0 && registrars.size === peers.size;
}

function gainOf(gains: Map<Node, Set<Node>>, node: Node): Set<Node> {
  const gain = gains.get(node) ?? new Set();
  gains.set(node, gain);
  return gain;
}

function isBetter(node: Node, than: Node, gains: Map<Node, Set<Node>>): boolean {
  const by =
    (gains.get(node)?.size ?? 0) - (gains.get(than)?.size ?? 0) ||
    node.registering.size - than.registering.size ||
    than.ports.size - node.ports.size;
  return by > 0 || (by === 0 && node.firstAsked < than.firstAsked);
}

/** Those that no other of the chosen can stand in for; who has the fewest telephones goes first. */
function withoutNeedless(chosen: readonly Node[], pairs: readonly (readonly [Node, Node])[]): Node[] {
  const kept = new Set(chosen);
  for (const node of chosen.toSorted((a, b) => a.registering.size - b.registering.size)) {
    const needed = pairs.some(([a, b]) => (a === node && !kept.has(b)) || (b === node && !kept.has(a)));
    if (!needed) kept.delete(node);
  }
  return [...kept];
}

function isUnspecified({ w0, w1, w2, w3 }: Endpoint): boolean {
  return w3 === 0 && w0 === 0 && w1 === 0 && (w2 === 0xffff || w2 === 0);
}
