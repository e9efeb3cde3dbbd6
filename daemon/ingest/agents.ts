import { parseAddress } from './address.ts';
import type { Endpoint } from './packet.ts';

/** What is known of one capture agent. Times are milliseconds since the epoch. */
export class AgentStatistics {
  readonly agentId: number;
  frames = 0;
  messages = 0;
  firstCaptureMs = 0;
  /** Newest capture stamp. */
  lastCaptureMs = 0;
  lastArrivalMs = 0;
  /** Arrival minus capture of the last message: transport delay and difference of clocks. Telemetry only, never corrected. */
  clockOffsetMs = 0;
  /** Times at which the capture stamps jumped ahead by more than the gap limit: agent down, packets lost, or no traffic. */
  gaps = 0;
  lastGapFromMs = 0;
  lastGapToMs = 0;
  /** Times at which they jumped back by more than the gap limit: the agent's clock was set. */
  backwardJumps = 0;

  constructor(agentId: number) {
    this.agentId = agentId;
  }

  observe(captureMs: number, arrivalMs: number, gapLimitMs: number): void {
    this.lastArrivalMs = arrivalMs;
    this.clockOffsetMs = arrivalMs - captureMs;
    const step = captureMs - this.lastCaptureMs;
    if (this.messages++ === 0) {
      this.firstCaptureMs = captureMs;
      this.lastCaptureMs = captureMs;
    } else if (step > gapLimitMs) {
      this.gaps++;
      this.lastGapFromMs = this.lastCaptureMs;
      this.lastGapToMs = captureMs;
      this.lastCaptureMs = captureMs;
    } else if (step < -gapLimitMs) {
      this.backwardJumps++;
      this.lastCaptureMs = captureMs;
    } else if (step > 0) {
      this.lastCaptureMs = captureMs;
    }
  }
}

interface Network {
  readonly address: Endpoint;
  readonly prefixBits: number;
}

/**
 * The agents that may feed us: capture ids, and peer addresses or networks. A frame passes if any entry names it;
 * an empty list lets everybody in.
 */
export class AllowedAgents {
  readonly everybody: boolean;
  readonly #ids = new Set<number>();
  readonly #networks: Network[] = [];

  /**
   * @param entries capture ids (0 to 4,294,967,295, also as text) and addresses or CIDR networks.
   * @throws RangeError naming the entry that is neither.
   */
  constructor(entries: readonly (number | string)[]) {
    this.everybody = entries.length === 0;
    for (const entry of entries) {
      if (typeof entry === 'number' || /^\d+$/.test(entry)) {
        const id = Number(entry);
        if (!Number.isInteger(id) || id < 0 || id > 0xffffffff)
          throw new RangeError(`not a capture id: ${entry}`);
        this.#ids.add(id);
      } else this.#networks.push(parseNetwork(entry));
    }
  }

  /** Is the peer at this address (as node:net and node:dgram give it, a zone id included) let in by its address? */
  allowsPeer(addressText: string): boolean {
    if (this.everybody) return true;
    const zone = addressText.indexOf('%');
    const address = parseAddress(zone < 0 ? addressText : addressText.slice(0, zone));
    return address !== null && this.#networks.some((network) => contains(network, address));
  }

  /**
   * The capture id under which a frame is let in, or -1. Some senders write the id in the byte order of their own machine, sngrep with two of
   * its bytes swapped beforehand: an id that is listed only in such an order is taken for the listed one.
   */
  allowedId(captureId: number): number {
    if (this.#ids.has(captureId)) return captureId;
    if ((captureId & 0xffff) === 0 && this.#ids.has(captureId >>> 16)) return captureId >>> 16;
    const swapped =
      ((captureId & 0xff) << 24) |
      ((captureId & 0xff00) << 8) |
      ((captureId >>> 8) & 0xff00) |
      (captureId >>> 24);
    return this.#ids.has(swapped >>> 0) ? swapped >>> 0 : -1;
  }
}

function parseNetwork(text: string): Network {
  const [addressText, bitsText, ...rest] = text.split('/');
  const address = parseAddress(addressText!);
  if (address !== null && rest.length === 0) {
    const offset = address.isIPv4() ? 96 : 0;
    if (bitsText === undefined) return { address, prefixBits: 128 };
    const bits = Number(bitsText);
    if (/^\d{1,3}$/.test(bitsText) && bits <= 128 - offset) return { address, prefixBits: bits + offset };
  }
  throw new RangeError(`neither a capture id nor an address or network: ${text}`);
}

function contains(network: Network, address: Endpoint): boolean {
  const ours = network.address;
  let bits = network.prefixBits;
  for (const difference of [
    ours.w0 ^ address.w0,
    ours.w1 ^ address.w1,
    ours.w2 ^ address.w2,
    ours.w3 ^ address.w3,
  ]) {
    if (bits >= 32) {
      if (difference !== 0) return false;
      bits -= 32;
    } else return bits === 0 || difference >>> (32 - bits) === 0;
  }
  return true;
}
