import { AgentStatistics, AllowedAgents } from './agents.ts';
import { HepDecoder, type HepLimits } from './hep.ts';
import { HEP_RESULTS, type HepFrame, HepResult } from './hep-frame.ts';
import { Packet, type PacketSink } from './packet.ts';

const SIP = HepResult['sip'];
const IGNORED_TYPE = HepResult['ignored-type'];

/** Why a connection was closed by us. */
export type CloseReason = 'garbage' | 'memory' | 'idle' | 'stalled';

/** What ingest has seen since the start. All are counts that only grow, except `connections`. */
export interface HepCounters {
  /** Frames of any kind, malformed ones included. */
  frames: number;
  bytes: number;
  /** SIP payloads handed on. */
  messages: number;
  /** By reason: names of `HEP_RESULTS`, and `trailing-bytes` after the last frame of a datagram. */
  malformed: Record<string, number>;
  /** Well-formed frames that carry no SIP, by payload type (chunk 11). */
  ignoredByType: Record<number, number>;
  /** Frames from agents that are not on the list. */
  unknownAgents: number;
  badAuthKey: number;
  /** Payloads that would grow past the bound, and connections closed because the memory for cut frames was used up. */
  oversize: number;
  /** Times at which a stream found the next frame again after garbage. */
  resyncs: number;
  garbageBytes: number;
  /** TCP and TLS connections open now. */
  connections: number;
  connectionsAccepted: number;
  connectionsRefused: number;
  /** Of them those whose address had its share. */
  connectionsBeyondShare: number;
  connectionsClosed: Record<CloseReason, number>;
  /** TLS handshakes that came to nothing: no certificate or a foreign one, no TLS, too slow, cut off. */
  handshakesFailed: number;
  /** Frames of agents beyond the number that is kept statistics of. */
  untrackedAgents: number;
  socketErrors: number;
  /** Datagrams that the kernel dropped because the receive buffer was full; 0 where it cannot be read. */
  readonly kernelDrops: number;
}

export interface FrameReceiverOptions extends HepLimits {
  /** Key that every frame must carry (chunk 14); null or absent: none asked. HEPv1 and v2 have no key and fail. */
  readonly authKey?: string | null;
  /** Capture ids, addresses and networks that are let in; empty: everybody. */
  readonly agents?: readonly (number | string)[];
  readonly sink: PacketSink;
  /** A step of the capture stamps above this is a gap; default 60,000 ms. */
  readonly gapLimitMs?: number;
  /** Agents of which statistics are kept; default 1,024. */
  readonly maximumAgents?: number;
}

/** Where all frames meet, whatever brought them: checks key and agent, counts, and hands SIP payloads to the sink. */
export class FrameReceiver {
  readonly counters: HepCounters;
  readonly agents = new Map<number, AgentStatistics>();
  readonly allowed: AllowedAgents;
  readonly #decoder: HepDecoder;
  readonly #packet = new Packet();
  readonly #sink: PacketSink;
  readonly #authKey: Buffer | null;
  readonly #gapLimitMs: number;
  readonly #maximumAgents: number;
  #lastAgent: AgentStatistics | null = null;

  constructor(options: FrameReceiverOptions, kernelDrops: () => number = () => 0) {
    this.#decoder = new HepDecoder(options);
    this.#sink = options.sink;
    this.#authKey = options.authKey == null ? null : Buffer.from(options.authKey);
    this.#gapLimitMs = options.gapLimitMs ?? 60_000;
    this.#maximumAgents = options.maximumAgents ?? 1024;
    this.allowed = new AllowedAgents(options.agents ?? []);
    const malformed: Record<string, number> = {};
    for (const name of HEP_RESULTS.slice(2)) malformed[name] = 0;
    malformed['trailing-bytes'] = 0;
    this.counters = {
      frames: 0,
      bytes: 0,
      messages: 0,
      malformed,
      ignoredByType: {},
      unknownAgents: 0,
      badAuthKey: 0,
      oversize: 0,
      resyncs: 0,
      garbageBytes: 0,
      connections: 0,
      connectionsAccepted: 0,
      connectionsRefused: 0,
      connectionsBeyondShare: 0,
      connectionsClosed: { garbage: 0, memory: 0, idle: 0, stalled: 0 },
      handshakesFailed: 0,
      untrackedAgents: 0,
      socketErrors: 0,
      get kernelDrops() {
        return kernelDrops();
      },
    };
  }

  /** A datagram: one frame, or several HEPv3 frames one after the other. */
  receiveDatagram(bytes: Buffer, peerAllowed: boolean, arrivalMs: number): void {
    let at = 0;
    do {
      const length = this.receive(bytes, at, bytes.length, peerAllowed, arrivalMs);
      at += length;
    } while (at < bytes.length && bytes.length - at >= 6 && bytes[at] === 0x48);
    if (at < bytes.length) this.counters.malformed['trailing-bytes']++;
  }

  /** One frame at `start`…`end` (exclusive). Returns how many bytes it took: up to `end` unless it is a shorter HEPv3 frame. */
  receive(bytes: Buffer, start: number, end: number, peerAllowed: boolean, arrivalMs: number): number {
    const { counters } = this;
    const decoder = this.#decoder;
    const packet = this.#packet;
    const result = decoder.decodeEnvelope(bytes, start, end, packet, arrivalMs);
    const frame = decoder.frame;
    counters.frames++;
    let length = end - start;
    if (frame.version === 3) {
      const said = (bytes[start + 4] << 8) | bytes[start + 5];
      if (said >= 6 && said < length) length = said;
    }
    counters.bytes += length;
    if (result > IGNORED_TYPE) {
      this.#malformed(result);
      return length;
    }
    if (this.#authKey !== null && !this.#keyMatches(bytes, frame)) {
      counters.badAuthKey++;
      return length;
    }
    let agentId = frame.captureId;
    if (!this.allowed.everybody) {
      const id = this.allowed.allowedId(agentId);
      if (id >= 0) agentId = id;
      else if (!peerAllowed) {
        counters.unknownAgents++;
        return length;
      }
    }
    const agent = this.#agent(agentId);
    if (agent !== null) agent.frames++;
    if (result !== SIP) {
      counters.ignoredByType[frame.protocolType] = (counters.ignoredByType[frame.protocolType] ?? 0) + 1;
      return length;
    }
    // Only now: nobody unknown makes us inflate.
    if (frame.compressed) {
      const inflated = decoder.inflate(packet);
      if (inflated !== SIP) {
        this.#malformed(inflated);
        return length;
      }
    }
    packet.agentId = agentId;
    if (agent !== null) agent.observe(packet.timeMs, arrivalMs, this.#gapLimitMs);
    counters.messages++;
    this.#sink(packet);
    return length;
  }

  #malformed(result: number): void {
    this.counters.malformed[HEP_RESULTS[result]!]++;
    if (result === HepResult['inflate-too-large']) this.counters.oversize++;
  }

  #agent(agentId: number): AgentStatistics | null {
    if (this.#lastAgent?.agentId === agentId) return this.#lastAgent;
    let agent = this.agents.get(agentId);
    if (agent === undefined) {
      if (this.agents.size >= this.#maximumAgents) {
        this.counters.untrackedAgents++;
        return null;
      }
      agent = new AgentStatistics(agentId);
      this.agents.set(agentId, agent);
    }
    this.#lastAgent = agent;
    return agent;
  }

  /** Takes the same time wherever the keys differ. */
  #keyMatches(bytes: Buffer, frame: HepFrame): boolean {
    const key = this.#authKey!;
    const given = frame.authKeyEnd - frame.authKeyStart;
    let difference = given ^ key.length;
    for (let i = 0; i < key.length; i++) {
      difference |= key[i] ^ (given === 0 ? 0 : bytes[frame.authKeyStart + (i % given)]);
    }
    return difference === 0;
  }
}
