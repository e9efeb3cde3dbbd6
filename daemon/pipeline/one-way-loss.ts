import type { LossSign } from '../../detectors/vocabulary.ts';
import type { Packet } from '../ingest/packet.ts';
import { Hash64 } from '../sip/hash.ts';
import { Method, type SipMessage } from '../sip/message.ts';
import { METHOD_NAMES } from '../sip/method.ts';
import { transactionKey } from './keys.ts';
import type { MessageObserver } from './options.ts';

/** Between a trunk and the proxies, since it was last told. */
export interface LossReport {
  readonly sourceSlot: number;
  readonly atMs: number;
  /** What shows the loss, null where only transactions that went well are told. */
  readonly sign: LossSign | null;
  /** For a technician. */
  readonly text: string;
  /** Transactions watched that went well, in either direction. */
  readonly well: number;
}

export interface OneWayLossOptions {
  /** Id of the trunk that is provisioned at the source, null for none: only trunks are watched. */
  readonly trunkOf: (sourceSlot: number) => string | null;
  readonly onReport: (report: LossReport) => void;
}

/** How long a transaction is watched: by then a request over UDP was sent five times (RFC 3261 timers A and E: 0, 0.5, 1.5, 3.5, 7.5 s). */
const WATCHED_MS = 8_000;
/** What is heard so soon may have been under way before our request arrived. */
const CROSSING_MS = 500;
/** Times that a request of ours was sent, beyond which its going unanswered is no chance and no gap in the capture. */
const TIMES_SENT = 3;
/** OPTIONS that are sent once each: so many in a row. */
const OPTIONS_IN_ROW = 3;
/**
 * A request that comes again so long after our answer has not had it. The first repetition, 0.5 s after the request, is not enough: one lost
 * answer in a hundred is no filter.
 */
const REPEATED_AFTER_MS = 1_000;
/** Transactions of a trunk watched at a time, in each direction: the rest of a busy one is passed over. */
const MOST_WATCHED = 16;
const MOST_TRUNKS = 20_000;
/** Transactions that went well are told so often, so that one bad hour is seen among many good. */
const TOLD_MS = 3_600_000;
/** Signs of so many other trunks within a minute are no fault of theirs: our own network, or the capture. */
const OTHERS = 3;
const TOGETHER_MS = 60_000;

interface Watch {
  readonly hi: number;
  readonly lo: number;
  readonly method: string;
  readonly options: boolean;
  /** The customer's. */
  readonly port: number;
  readonly firstMs: number;
  sent: number;
  /** Ours: the trunk was heard while we asked. */
  heard: boolean;
  /** Theirs: when we first answered, below 0 before that. */
  answeredMs: number;
}

interface TrunkState {
  readonly trunk: string;
  readonly ours: Watch[];
  readonly theirs: Watch[];
  optionsInRow: number;
  well: number;
  toldMs: number;
}

const key = new Hash64();

/**
 * Finds loss from the proxies towards a trunk over UDP, as a "UDP flood" protection or a filter in the customer's router makes it: what the trunk
 * sends arrives, what it is sent does not. Signs count only while the trunk itself is heard: one that is off, or cut off, shows
 * nothing. Bounded; of a busy trunk a sample is watched.
 */
export class OneWayLoss implements MessageObserver {
  /** Signs not told because many trunks showed them at once, or no answer of any trunk is in the capture. */
  heldBack = 0;
  readonly #options: OneWayLossOptions;
  readonly #trunks = new Map<number, TrunkState>();
  /** Trunk and time of the last signs, of each trunk one. */
  readonly #signs = new Map<string, number>();
  /** A trunk has answered a request of ours: the capture holds answers. */
  #answersSeen = false;

  constructor(options: OneWayLossOptions) {
    this.#options = options;
  }

  customerMessage(sourceSlot: number, atMs: number, message: SipMessage, packet: Packet): void {
    const state = this.#stateOf(sourceSlot, packet);
    if (state === null) return;
    this.#expire(state, sourceSlot, atMs);
    // Behind one address there may be another PBX, which is off: only what comes from where we sent to shows that it is on.
    for (const watch of state.ours)
      if (watch.port === packet.source.port && atMs - watch.firstMs >= CROSSING_MS) watch.heard = true;
    const method = message.isRequest ? message.method : message.cseqMethod;
    if (method === Method.ACK || method === Method.CANCEL) return;
    if (!message.isRequest) {
      this.#answersSeen = true;
      if (state.ours.length === 0) return;
      transactionKey(message, method, packet.source, key);
      if (removed(state.ours) === null) return;
      state.optionsInRow = 0;
      state.well++;
      return;
    }
    transactionKey(message, method, packet.source, key);
    const watch = found(state.theirs);
    if (watch === null) {
      if (state.theirs.length < MOST_WATCHED) state.theirs.push(watchOf(message, packet.source.port, atMs));
      return;
    }
    watch.sent++;
    if (watch.answeredMs < 0 || atMs - watch.answeredMs < REPEATED_AFTER_MS) return;
    removed(state.theirs);
    const late = ((atMs - watch.answeredMs) / 1000).toFixed(1);
    this.#sign(state, sourceSlot, atMs, 'repeated', `${watch.method} sent again ${late} s after our answer`);
  }

  proxyMessage(destinationSlot: number, atMs: number, message: SipMessage, packet: Packet): void {
    const state = this.#stateOf(destinationSlot, packet);
    if (state === null) return;
    this.#expire(state, destinationSlot, atMs);
    const method = message.isRequest ? message.method : message.cseqMethod;
    if (method === Method.ACK || method === Method.CANCEL) return;
    if (!message.isRequest) {
      // A provisional answer stops only the repetition of an INVITE (RFC 3261 §17.1.2.2).
      if (state.theirs.length === 0 || (method !== Method.INVITE && message.status < 200)) return;
      transactionKey(message, method, packet.destination, key);
      const watch = found(state.theirs);
      if (watch !== null && watch.answeredMs < 0) watch.answeredMs = atMs;
      return;
    }
    transactionKey(message, method, packet.destination, key);
    const watch = found(state.ours);
    if (watch !== null) watch.sent++;
    else if (state.ours.length < MOST_WATCHED)
      state.ours.push(watchOf(message, packet.destination.port, atMs));
  }

  #expire(state: TrunkState, slot: number, atMs: number): void {
    while (state.theirs.length > 0 && atMs - state.theirs[0].firstMs >= WATCHED_MS) {
      const watch = state.theirs.shift();
      // Answered and not repeated. One that we never answered says nothing of the way to the trunk.
      if (watch !== undefined && watch.answeredMs >= 0) state.well++;
    }
    while (state.ours.length > 0 && atMs - state.ours[0].firstMs >= WATCHED_MS) {
      const watch = state.ours.shift();
      if (watch?.heard) this.#unanswered(state, slot, atMs, watch);
    }
    if (atMs - state.toldMs >= TOLD_MS) this.#tellWell(state, slot, atMs);
  }

  #unanswered(state: TrunkState, slot: number, atMs: number, { method, sent, options }: Watch): void {
    const text = `${method} sent ${sent} times in ${WATCHED_MS / 1000} s without any answer, while the trunk was heard`;
    if (sent >= TIMES_SENT) this.#sign(state, slot, atMs, 'unanswered', text);
    else if (options && ++state.optionsInRow >= OPTIONS_IN_ROW) {
      state.optionsInRow = 0;
      const row = `${OPTIONS_IN_ROW} OPTIONS in a row without any answer, while the trunk was heard`;
      this.#sign(state, slot, atMs, 'options', row);
    }
  }

  #sign(state: TrunkState, sourceSlot: number, atMs: number, sign: LossSign, text: string): void {
    const { trunk } = state;
    this.#signs.delete(trunk);
    this.#signs.set(trunk, atMs);
    let others = 0;
    for (const [other, time] of this.#signs) {
      if (atMs - time > TOGETHER_MS) this.#signs.delete(other);
      else if (other !== trunk) others++;
    }
    if (others >= OTHERS || !this.#answersSeen) {
      this.heldBack++;
      return;
    }
    const { well } = state;
    state.well = 0;
    state.toldMs = atMs;
    this.#options.onReport({ sourceSlot, atMs, sign, text, well });
  }

  #tellWell(state: TrunkState, sourceSlot: number, atMs: number): void {
    state.toldMs = atMs;
    const { well } = state;
    if (well === 0) return;
    state.well = 0;
    this.#options.onReport({ sourceSlot, atMs, sign: null, text: '', well });
  }

  #stateOf(slot: number, packet: Packet): TrunkState | null {
    // Over TCP or TLS a lost segment is sent again below SIP.
    if (packet.transport !== 'udp') return null;
    const trunk = this.#options.trunkOf(slot);
    if (trunk === null) return null;
    let state = this.#trunks.get(slot);
    if (state === undefined || state.trunk !== trunk) {
      if (this.#trunks.size >= MOST_TRUNKS) {
        for (const oldest of this.#trunks.keys()) {
          this.#trunks.delete(oldest);
          break;
        }
      }
      state = {
        trunk,
        ours: [],
        theirs: [],
        optionsInRow: 0,
        well: 0,
        toldMs: packet.timeMs,
      };
      this.#trunks.set(slot, state);
    }
    return state;
  }
}

function watchOf(message: SipMessage, port: number, firstMs: number): Watch {
  const { method } = message;
  return {
    hi: key.hi,
    lo: key.lo,
    method: METHOD_NAMES[method],
    options: method === Method.OPTIONS,
    port,
    firstMs,
    sent: 1,
    heard: false,
    answeredMs: -1,
  };
}

/** That of the key in hand. */
function found(watches: readonly Watch[]): Watch | null {
  for (const watch of watches) if (watch.hi === key.hi && watch.lo === key.lo) return watch;
  return null;
}

function removed(watches: Watch[]): Watch | null {
  const watch = found(watches);
  if (watch !== null) watches.splice(watches.indexOf(watch), 1);
  return watch;
}
