import { ProxyLearner } from '../identity/learned-proxy.ts';
import { Network, type NetworkConfig, Side } from '../identity/network.ts';
import { SourceTable } from '../identity/source-table.ts';
import { formatAddress, formatEndpoint } from '../ingest/address.ts';
import type { Endpoint, Packet } from '../ingest/packet.ts';
import { Method, type SipMessage } from '../sip/message.ts';
import type { PipelineDirectory } from './options.ts';

/** Which addresses are customers, proxies or carriers: as configured, as the directory says, or as learned from the traffic. */
export class Sides {
  readonly sources: SourceTable;
  /** Finds the proxies where none are configured. */
  learner: ProxyLearner | null;
  #network: Network;

  /** `forget`: the slot now stands for another source. */
  constructor(
    network: NetworkConfig,
    capacity: number,
    directory: PipelineDirectory,
    forget: (slot: number) => void,
  ) {
    this.#network = new Network(network);
    this.learner = this.#network.learns ? new ProxyLearner() : null;
    this.sources = new SourceTable(
      this.#network,
      capacity,
      (address) => directory.trunkByAddress(address),
      forget,
    );
  }

  /** Other proxies, carriers or protected addresses from now on. */
  setNetwork(config: NetworkConfig): void {
    this.#network = new Network(config);
    this.learner = this.#network.learns ? (this.learner ?? new ProxyLearner()) : null;
    this.sources.refresh(this.#network);
  }

  /** What was taken for the proxies, as text; empty where they are configured or nothing is known yet. */
  learnedProxies(): string[] {
    const { learner } = this;
    if (learner === null) return [];
    const proxies = [...learner.agentIds()].map((agentId) => learner.proxyOf(agentId));
    return [
      ...new Set(
        proxies
          .filter((proxy) => proxy !== null)
          .map((proxy) => (proxy.port === 0 ? formatAddress(proxy) : formatEndpoint(proxy))),
      ),
    ];
  }

  isProtected(address: Endpoint): boolean {
    return this.#network.isProtected(address.w0, address.w1, address.w2, address.w3);
  }

  /** The directory has changed. */
  refresh(): void {
    this.sources.refresh(this.#network);
  }

  /** Of an address of this packet, which holds the message. What is seen teaches the learner. */
  of(slot: number, endpoint: Endpoint, packet: Packet, message: SipMessage): Side {
    const side = this.sources.sideOf(slot, endpoint);
    if (this.learner === null || side !== Side.customer) return side;
    if (endpoint === packet.source)
      this.learner.observe(
        packet.agentId,
        packet.source,
        packet.destination,
        message.isRequest,
        message.isRequest && message.method === Method.REGISTER,
      );
    const proxy = this.learner.proxyOf(packet.agentId);
    if (
      proxy !== null &&
      proxy.w3 === endpoint.w3 &&
      proxy.w2 === endpoint.w2 &&
      proxy.w1 === endpoint.w1 &&
      proxy.w0 === endpoint.w0 &&
      (proxy.port === 0 || proxy.port === endpoint.port)
    )
      return Side.proxy;
    return side;
  }
}
