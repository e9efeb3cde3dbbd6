import { type EndpointRecord, EndpointState } from '../../detectors/sip-integrity/endpoint-state.ts';
import {
  alteredAnswer,
  alteredDialog,
  type Dialog,
  refreshed,
  type Sent,
} from '../../detectors/sip-integrity/mirror.ts';
import { SiteDepths } from '../../detectors/sip-integrity/site-depths.ts';
import { type Standing, settle, UNKNOWN } from '../../detectors/sip-integrity/standing.ts';
import { UserAgentHabits } from '../../detectors/sip-integrity/user-agents.ts';
import { type Assessment, assess, type Gates } from '../../detectors/sip-integrity/verdict.ts';
import type { Packet } from '../ingest/packet.ts';
import { Field, Method, type SipMessage } from '../sip/message.ts';
import { dialogFacts, requestFacts, sentFacts, targetFacts } from './endpoint-facts.ts';

export interface EndpointVerdict {
  readonly source: string;
  readonly userAgent: string;
  readonly assessment: Assessment;
}

/** An endpoint's verdict as told to the rules. */
export interface StandingChange extends EndpointVerdict {
  readonly atMs: number;
  readonly standing: Standing;
  /** Slot of the source in the pipeline's table. */
  readonly sourceSlot: number;
}

/** What an endpoint is saved as. */
export interface SavedEndpoint {
  readonly source: string;
  readonly userAgent: string;
  readonly standing: Standing;
  readonly state: EndpointRecord;
}

export interface EndpointObserverOptions {
  readonly gates: Gates;
  /**
   * Live traffic: of each flow the first requests, then one REGISTER and one INVITE in so many milliseconds, and each first request from a
   * new port.
   * 0: look at everything, which a capture allows.
   */
  readonly sampleMs: number;
  /** Until then after the first message an endpoint's first message may not be its first. */
  readonly warmUpMs: number;
  readonly endpoints?: number;
  readonly flows?: number;
  /** A verdict has changed, or stands for another day. */
  readonly onStanding?: (change: StandingChange) => void;
  /** Live traffic: messages looked into per second of capture time, of all endpoints together; absent: no bound. */
  readonly looksPerSecond?: number;
  /**
   * Live traffic: whether a source is provisioned. Of others only one in ten looks is taken, for the habits of their User-Agents: no rule
   * is about them, and there may be many. Absent: all are.
   */
  readonly isProvisioned?: (sourceSlot: number) => boolean;
  /** Something worth keeping over a restart. */
  readonly onSave?: (endpoint: SavedEndpoint, sourceSlot: number) => void;
}

interface Entry {
  readonly source: string;
  readonly userAgent: string;
  state: EndpointState;
  standing: Standing;
  toldMs: number;
  savedMs: number;
}

/** One address and port of a customer's. */
interface Flow {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  entry: Entry | null;
  requests: number;
  /** When the next is due: each by itself, as an INVITE often follows a REGISTER at once and shows what that does not. */
  nextRegisterMs: number;
  nextInviteMs: number;
  /** When a request of ours was last noted, to be compared with its answer. */
  sentMs: number;
  awaiting: number;
  dialogs: number;
  /** CSeq of its last REGISTER, -1 before. */
  lastRegister: number;
  /** A request was passed over for want of time: what comes next is not the endpoint's first. */
  passedOver: boolean;
}

/** Requests of a flow that are looked at in any case. */
const FIRST_REQUESTS = 5;
/** Part of the looks that sources may have which are not provisioned. */
const STRANGERS_SHARE = 0.1;
/** After so long every telephone has registered anew. */
const REGISTERED_ANEW_MS = 3_600_000;
const MOST_SENT = 4096;
const MOST_DIALOGS = 4096;
const MOST_CALLS = 8192;
const TOLD_AGAIN_MS = 86_400_000;
const SAVED_AGAIN_MS = 600_000;

/**
 * Looks at what customers send and get for signs of rewriting and nested NAT, and keeps an `EndpointState` per source address and
 * User-Agent. All of it is bounded; of live traffic only a sample is looked into.
 */
export class EndpointObserver {
  readonly #options: EndpointObserverOptions;
  readonly #habits = new UserAgentHabits();
  readonly #depths = new SiteDepths();
  readonly #entries = new Map<string, Entry>();
  readonly #flows = new Map<number, Flow>();
  /** Endpoint of a Call-ID: ACK and BYE seldom name their User-Agent. */
  readonly #calls = new Map<string, Entry>();
  readonly #sent = new Map<string, Sent>();
  readonly #dialogs = new Map<string, Dialog>();
  #startMs = -1;
  #secondMs = Number.NEGATIVE_INFINITY;
  #looks = 0;

  constructor(options: EndpointObserverOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A message from a customer to a proxy. */
  customerMessage(sourceSlot: number, atMs: number, message: SipMessage, packet: Packet): void {
    if (this.#startMs < 0) this.#startMs = atMs;
    const provisioned = this.#options.isProvisioned?.(sourceSlot) ?? true;
    // Before anything is noted of the flow: for most traffic this is all that is done.
    if (!provisioned && (!message.isRequest || !this.#mayLook(atMs, STRANGERS_SHARE))) return;
    const flow = this.#flowOf(sourceSlot, packet, packet.source, message.isRequest);
    if (flow === null) return;
    if (!message.isRequest) {
      if (flow.awaiting > 0) this.#answer(flow, atMs, message, sourceSlot);
      return;
    }
    if (message.method === Method.REGISTER) flow.lastRegister = message.cseq;
    const inDialog = flow.dialogs > 0 && message.find(Field.toTag);
    if (!inDialog && !this.#isDue(flow, atMs, message)) return;
    if (provisioned && !this.#mayLook(atMs, 1)) {
      flow.passedOver = true;
      return;
    }
    flow.requests++;
    const nextMs = atMs + this.#options.sampleMs;
    if (message.method === Method.REGISTER) flow.nextRegisterMs = nextMs;
    else if (message.method === Method.INVITE) flow.nextInviteMs = nextMs;
    const facts = requestFacts(message, packet);
    const entry = this.#entryOf(flow, facts.source.host, facts.userAgent, facts.callId);
    const { state } = entry;
    const first = provisioned && !flow.passedOver && atMs - this.#startMs >= this.#options.warmUpMs;
    state.fold(facts, {
      first,
      surelyFirst: atMs - this.#startMs >= REGISTERED_ANEW_MS,
      missed: flow.passedOver,
      lastRegister: (port) => this.#flows.get(flowKey(sourceSlot, port))?.lastRegister ?? -1,
      habits: this.#habits,
      depths: this.#depths,
    });
    if (inDialog) this.#inDialog(entry, atMs, message);
    this.#judge(entry, atMs, sourceSlot);
  }

  /** A message from a proxy to a customer: what the customer has to give back. */
  proxyMessage(destinationSlot: number, atMs: number, message: SipMessage, packet: Packet): void {
    const { sampleMs } = this.#options;
    if (message.isRequest) {
      if (message.method === Method.ACK || message.method === Method.CANCEL) return;
    } else if (!givesTarget(message.cseqMethod) || message.status < 200 || message.status >= 300) return;
    if (this.#options.isProvisioned?.(destinationSlot) === false) return;
    const flow = this.#flowOf(destinationSlot, packet, packet.destination, false);
    if (flow === null) return;
    const isDue = sampleMs === 0 || atMs >= flow.sentMs + sampleMs;
    if (givesTarget(message.isRequest ? message.method : message.cseqMethod))
      this.#target(flow, message, isDue);
    if (!isDue) return;
    flow.sentMs = atMs;
    if (message.isRequest) this.#note(flow, message);
  }

  /** Takes in what the far end of a dialog wants to be called by: of a dialog that is known always, as it may change. */
  #target(flow: Flow, message: SipMessage, isDue: boolean): void {
    if (!isDue && flow.dialogs === 0) return;
    // The far end's tag, as the customer will write it into To.
    const tag = message.text(message.isRequest ? Field.fromTag : Field.toTag);
    const key = `${message.text(Field.callId)} ${tag}`;
    const known = this.#dialogs.get(key);
    if (known !== undefined) {
      this.#dialogs.set(key, refreshed(known, dialogFacts(message)));
      return;
    }
    if (!isDue || (message.isRequest ? message.method : message.cseqMethod) !== Method.INVITE) return;
    bounded(this.#dialogs, MOST_DIALOGS);
    this.#dialogs.set(key, dialogFacts(message));
    flow.dialogs++;
  }

  /**
   * Verdicts on every endpoint seen, in the order of their first message, as they stood at its last one: what others go on to say for hours
   * takes nothing from them.
   */
  verdicts(): EndpointVerdict[] {
    return [...this.#entries.values()].map(({ source, userAgent, state }) => ({
      source,
      userAgent,
      assessment: assess(state, state.lastMs, this.#options.gates),
    }));
  }

  /** Takes a saved endpoint back, unless traffic has made it anew. */
  restore({ source, userAgent, standing, state }: SavedEndpoint): boolean {
    const key = keyOf(source, userAgent);
    if (this.#entries.has(key) || this.#entries.size >= (this.#options.endpoints ?? MOST_ENDPOINTS))
      return false;
    const entry: Entry = {
      source,
      userAgent,
      state: EndpointState.fromJson(state),
      standing,
      toldMs: Number.NEGATIVE_INFINITY,
      savedMs: state.lastMs,
    };
    this.#entries.set(key, entry);
    return true;
  }

  #flowOf(
    slot: number,
    packet: Packet,
    { w0, w1, w2, w3, port }: Packet['source'],
    create: boolean,
  ): Flow | null {
    const key = flowKey(slot, port);
    const known = this.#flows.get(key);
    // A slot comes to stand for another source in time.
    if (known !== undefined && known.w3 === w3 && known.w2 === w2 && known.w1 === w1 && known.w0 === w0)
      return known;
    if (!create) return null;
    this.#flows.delete(key);
    bounded(this.#flows, this.#options.flows ?? MOST_FLOWS);
    const flow: Flow = {
      w0,
      w1,
      w2,
      w3,
      entry: null,
      requests: 0,
      nextRegisterMs: packet.timeMs,
      nextInviteMs: packet.timeMs,
      sentMs: Number.NEGATIVE_INFINITY,
      awaiting: 0,
      dialogs: 0,
      lastRegister: -1,
      passedOver: false,
    };
    this.#flows.set(key, flow);
    return flow;
  }

  /** A flood from ever new addresses must not cost more than so many looks. */
  #mayLook(atMs: number, share: number): boolean {
    const { looksPerSecond } = this.#options;
    if (looksPerSecond === undefined) return true;
    if (atMs >= this.#secondMs + 1000 || atMs < this.#secondMs) {
      this.#secondMs = atMs;
      this.#looks = 0;
    }
    if (this.#looks >= share * looksPerSecond) return false;
    this.#looks++;
    return true;
  }

  #isDue(flow: Flow, atMs: number, message: SipMessage): boolean {
    if (this.#options.sampleMs === 0 || flow.requests === 0) return true;
    if (message.method === Method.REGISTER)
      return flow.requests < FIRST_REQUESTS || atMs >= flow.nextRegisterMs;
    if (message.method !== Method.INVITE) return false;
    return flow.requests < FIRST_REQUESTS || atMs >= flow.nextInviteMs;
  }

  #entryOf(flow: Flow, source: string, userAgent: string, callId: string): Entry {
    let entry = userAgent === '' ? (this.#calls.get(`${source} ${callId}`) ?? flow.entry) : null;
    if (entry === null) {
      const key = keyOf(source, userAgent);
      entry = this.#entries.get(key) ?? null;
      if (entry === null) {
        entry = {
          source,
          userAgent,
          state: new EndpointState(),
          standing: UNKNOWN,
          toldMs: Number.NEGATIVE_INFINITY,
          savedMs: Number.NEGATIVE_INFINITY,
        };
        bounded(this.#entries, this.#options.endpoints ?? MOST_ENDPOINTS);
      } else if (this.#options.sampleMs > 0) this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    flow.entry = entry;
    if (userAgent !== '') {
      bounded(this.#calls, MOST_CALLS);
      this.#calls.set(`${source} ${callId}`, entry);
    }
    return entry;
  }

  #note(flow: Flow, message: SipMessage): void {
    const sent = sentFacts(message);
    const branch = message.text(Field.viaBranch);
    if (sent === null || branch === null) return;
    bounded(this.#sent, MOST_SENT);
    this.#sent.set(`${branch} ${message.cseqMethod}`, sent);
    flow.awaiting++;
  }

  #answer(flow: Flow, atMs: number, message: SipMessage, sourceSlot: number): void {
    if (message.status < 200) return;
    const key = `${message.text(Field.viaBranch)} ${message.cseqMethod}`;
    const sent = this.#sent.get(key);
    if (sent === undefined) return;
    this.#sent.delete(key);
    flow.awaiting--;
    const back = sentFacts(message);
    const altered = back === null ? null : alteredAnswer(sent, back);
    if (altered === null || flow.entry === null) return;
    flow.entry.state.sign({ code: 'A11', text: altered }, atMs);
    this.#judge(flow.entry, atMs, sourceSlot);
  }

  #inDialog(entry: Entry, atMs: number, message: SipMessage): void {
    const dialog = this.#dialogs.get(`${message.text(Field.callId)} ${message.text(Field.toTag)}`);
    if (dialog === undefined) return;
    const { target, routes } = targetFacts(message);
    const altered = alteredDialog(dialog, target, routes);
    if (altered !== null) entry.state.sign({ code: 'A11', text: altered }, atMs);
  }

  #judge(entry: Entry, atMs: number, sourceSlot: number): void {
    const { onStanding, onSave, gates } = this.#options;
    if (onStanding === undefined && onSave === undefined) return;
    const { state, source, userAgent } = entry;
    const assessment = assess(state, atMs, gates);
    const before = entry.standing;
    const standing = settle(before, assessment, state, atMs);
    entry.standing = standing;
    const changed = standing.alg !== before.alg || standing.nat !== before.nat;
    const raised = isRaised(standing);
    if (changed || (raised && atMs - entry.toldMs >= TOLD_AGAIN_MS)) {
      entry.toldMs = atMs;
      onStanding?.({ atMs, source, userAgent, sourceSlot, assessment, standing });
    }
    const telling = raised || assessment.alg.score > 0 || assessment.nat.score > 0;
    if (changed || (telling && atMs - entry.savedMs >= SAVED_AGAIN_MS)) {
      entry.savedMs = atMs;
      onSave?.({ source, userAgent, standing, state: state.toJson() }, sourceSlot);
    }
  }
}

const MOST_ENDPOINTS = 20_000;
const MOST_FLOWS = 50_000;

/** INVITE and UPDATE, and their answers, may change the remote target of a dialog (RFC 3261 §12.2, RFC 3311 §5.2). */
const givesTarget = (method: Method): boolean => method === Method.INVITE || method === Method.UPDATE;

const flowKey = (slot: number, port: number): number => slot * 65_536 + port;
const keyOf = (source: string, userAgent: string): string => `${source} ${userAgent}`;

function isRaised({ alg, nat }: Standing): boolean {
  return [alg, nat].some((verdict) => verdict === 'suspected' || verdict === 'confirmed');
}

function bounded<K, V>(map: Map<K, V>, most: number): void {
  if (map.size < most) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
