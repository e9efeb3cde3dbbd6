import { formatAddress } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';
import { Hash64, hashFinish, hashInt, hashStart } from '../sip/hash.ts';
import { HashIndex } from '../sip/hash-index.ts';
import type { Trunk } from './directory-schema.ts';
import { type Network, Side } from './network.ts';

/** The answer depends on the port: ask the network each time. */
const BY_PORT = 255;
/** Slots looked at when one must be given up: the one idle longest of these goes. */
const EVICTION_SAMPLE = 16;

const hash = new Hash64();

/**
 * The addresses that are heard, each with a dense slot for its windows and with what is known of it: side and trunk. Bounded: a flood
 * of forged addresses pushes out addresses that have been idle, never the table's size.
 */
export class SourceTable {
  #network: Network;
  readonly #trunkOf: (address: Endpoint) => Trunk | null;
  readonly #onEvict: (slot: number) => void;
  readonly #capacity: number;
  readonly #index = new HashIndex(1024);
  #words: Int32Array;
  #side: Uint8Array;
  #seenMs: Float64Array;
  #hi: Int32Array;
  #lo: Int32Array;
  readonly #trunks: (Trunk | null)[] = [];
  #count = 0;
  #hand = 0;
  /** The proxy's address found last, and its slot, -1 for none: nearly every packet has it on one side. */
  readonly #frequent = new Endpoint();
  #frequentSlot = -1;
  /** Addresses given up while the table was full. */
  evicted = 0;

  /**
   * @param capacity addresses kept at most
   * @param trunkOf the trunk provisioned for an address, or null; asked once per address until `forget`
   * @param onEvict the slot is about to serve another address
   */
  constructor(
    network: Network,
    capacity: number,
    trunkOf: (address: Endpoint) => Trunk | null,
    onEvict: (slot: number) => void,
  ) {
    this.#network = network;
    this.#capacity = capacity;
    this.#trunkOf = trunkOf;
    this.#onEvict = onEvict;
    const size = Math.min(1024, capacity);
    this.#words = new Int32Array(size * 4);
    this.#side = new Uint8Array(size);
    this.#seenMs = new Float64Array(size);
    this.#hi = new Int32Array(size);
    this.#lo = new Int32Array(size);
  }

  get size(): number {
    return this.#count;
  }

  /** The slot of an address, made if need be. */
  slotOf(endpoint: Endpoint, timeMs: number): number {
    const frequent = this.#frequent;
    if (
      endpoint.w3 === frequent.w3 &&
      endpoint.w2 === frequent.w2 &&
      endpoint.w1 === frequent.w1 &&
      endpoint.w0 === frequent.w0 &&
      this.#frequentSlot >= 0
    ) {
      this.#seenMs[this.#frequentSlot] = timeMs;
      return this.#frequentSlot;
    }
    const slot = this.find(endpoint);
    if (slot < 0) return this.#insert(endpoint, timeMs);
    this.#seenMs[slot] = timeMs;
    if (this.#side[slot] === Side.proxy) {
      frequent.copy(endpoint);
      this.#frequentSlot = slot;
    }
    return slot;
  }

  /** The slot of an address, -1 if it has none. */
  find(endpoint: Endpoint): number {
    hashStart(hash);
    hashInt(endpoint.w3, hash);
    if (endpoint.w2 !== 0xffff || endpoint.w1 !== 0 || endpoint.w0 !== 0) {
      hashInt(endpoint.w0, hash);
      hashInt(endpoint.w1, hash);
      hashInt(endpoint.w2, hash);
    }
    hashFinish(hash);
    return this.#index.find(hash.hi, hash.lo);
  }

  /** On which side of us the slot's address stands, given the port of this packet. */
  sideOf(slot: number, endpoint: Endpoint): Side {
    const side = this.#side[slot];
    return side === BY_PORT ? this.#network.classifyEndpoint(endpoint) : (side as Side);
  }

  trunkOf(slot: number): Trunk | null {
    return this.#trunks[slot];
  }

  addressOf(slot: number): string {
    return formatAddress(this.#endpoint(slot));
  }

  /** Reads sides and trunks anew: the network or the directory has changed. */
  refresh(network: Network): void {
    this.#network = network;
    for (let slot = 0; slot < this.#count; slot++) this.#describe(slot, this.#endpoint(slot));
  }

  memoryBytes(): number {
    return this.#index.memoryBytes() + this.#seenMs.length * (16 + 1 + 8 + 8 + 8);
  }

  #insert(endpoint: Endpoint, timeMs: number): number {
    const { hi, lo } = hash;
    let slot = this.#count;
    if (slot >= this.#capacity) {
      slot = this.#idlest();
      if (slot === this.#frequentSlot) this.#frequentSlot = -1;
      this.#onEvict(slot);
      this.#index.delete(this.#hi[slot], this.#lo[slot]);
      this.evicted++;
    } else {
      this.#count++;
      if (slot >= this.#seenMs.length) this.#grow();
    }
    this.#index.set(hi, lo, slot);
    this.#hi[slot] = hi;
    this.#lo[slot] = lo;
    this.#words[slot * 4] = endpoint.w0;
    this.#words[slot * 4 + 1] = endpoint.w1;
    this.#words[slot * 4 + 2] = endpoint.w2;
    this.#words[slot * 4 + 3] = endpoint.w3;
    this.#seenMs[slot] = timeMs;
    this.#describe(slot, endpoint);
    return slot;
  }

  #describe(slot: number, endpoint: Endpoint): void {
    const { w0, w1, w2, w3 } = endpoint;
    this.#side[slot] = this.#network.portMatters(w0, w1, w2, w3)
      ? BY_PORT
      : this.#network.classify(w0, w1, w2, w3, 0);
    this.#trunks[slot] = this.#trunkOf(endpoint);
  }

  #endpoint(slot: number): Endpoint {
    const endpoint = new Endpoint();
    endpoint.w0 = this.#words[slot * 4];
    endpoint.w1 = this.#words[slot * 4 + 1];
    endpoint.w2 = this.#words[slot * 4 + 2];
    endpoint.w3 = this.#words[slot * 4 + 3];
    return endpoint;
  }

  #idlest(): number {
    let idlest = this.#hand;
    for (let i = 0; i < EVICTION_SAMPLE; i++) {
      if (this.#seenMs[this.#hand] < this.#seenMs[idlest]) idlest = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
    }
    return idlest;
  }

  #grow(): void {
    const size = Math.min(this.#capacity, this.#seenMs.length * 2);
    const grown = <T extends Int32Array | Uint8Array | Float64Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    this.#words = grown(this.#words, new Int32Array(size * 4));
    this.#side = grown(this.#side, new Uint8Array(size));
    this.#seenMs = grown(this.#seenMs, new Float64Array(size));
    this.#hi = grown(this.#hi, new Int32Array(size));
    this.#lo = grown(this.#lo, new Int32Array(size));
  }
}
