import type { CallEvent, Charged, Destination, Event } from '../../detectors/vocabulary.ts';
import type { Line, Trunk } from '../identity/directory-schema.ts';
import { ProxyLearner } from '../identity/learned-proxy.ts';
import { type CustomerEntry, type LineEntry, LineTable } from '../identity/line-table.ts';
import { Network, type NetworkConfig, Side } from '../identity/network.ts';
import { type BindingEntry, Registrations } from '../identity/registrations.ts';
import { SourceTable } from '../identity/source-table.ts';
import { formatAddress, formatEndpoint } from '../ingest/address.ts';
import { Endpoint, type Packet } from '../ingest/packet.ts';
import type { CallOrigin, CallRecord } from '../sip/call-record.ts';
import { CallFacts, CallTracker } from '../sip/call-tracker.ts';
import { Copy, DuplicateFilter } from '../sip/duplicates.ts';
import { Hash64 } from '../sip/hash.ts';
import { Field, isKeepAlive, METHOD_NAMES, Method, SipMessage } from '../sip/message.ts';
import { type PendingRegister, type TransactionNote, TransactionTable } from '../sip/transactions.ts';
import { PipelineCounters } from './counters.ts';
import { fieldKey, flowKey, transactionKey } from './keys.ts';
import { type GrantedContact, grantedContacts, grantedSeconds, pendingRegister } from './register.ts';
import { Watermark } from './watermark.ts';

/** What per-message events go to; all of it on the hot path. */
export interface RateSink {
  /** A message from the customer side. */
  message(sourceSlot: number, atMs: number): void;
  /** A transaction charged to a customer; `atMs` may lie back as far as its answer took. */
  /** True while the customer is over a limit: `profileTransaction` wants to hear more of it. */
  transaction(customerSlot: number, policyIndex: number, atMs: number): boolean;
  profileTransaction(customerSlot: number, method: Method, line: string | null): void;
  /** The slot now stands for another source, or customer. */
  forgetSource(slot: number): void;
  forgetCustomer(slot: number): void;
  /** The profile of a source that is over its message limit, null for all others. */
  profile(sourceSlot: number): Profile | null;
}

/** Takes in what a source over its limit sends and gets, so that a wave of registrations can be told from an attack. */
export interface Profile {
  request(method: Method, lineHash: number): void;
  response(): void;
  answer(status: number, method: Method, lineHash: number, hadCredentials: boolean, stale: boolean): void;
  /** The line has lately been registered from the source. */
  known(lineHash: number): void;
}

/** Looks at whole messages; on the hot path, so it picks what it looks into. */
export interface MessageObserver {
  customerMessage(sourceSlot: number, atMs: number, message: SipMessage, packet: Packet): void;
  proxyMessage(destinationSlot: number, atMs: number, message: SipMessage, packet: Packet): void;
}

/** What the pipeline asks of the directory; `revision` changes with every change of it. */
export interface PipelineDirectory {
  readonly revision: number;
  line(id: string): Line | null;
  lineByUsername(user: string): Line | null;
  trunkByAddress(address: Endpoint): Trunk | null;
}

export interface PipelineOptions {
  readonly network: NetworkConfig;
  readonly directory: PipelineDirectory;
  readonly calls: {
    readonly maximumAgeMs: number;
    readonly unansweredAgeMs: number;
    readonly reorderMs: number;
    readonly marksMs: readonly number[];
  };
  readonly capacity: {
    readonly sources: number;
    readonly lines: number;
    readonly calls: number;
    readonly transactions: number;
    readonly bindings: number;
  };
  readonly maximumMessageBytes: number;
  readonly policyIndexOf: (customer: string) => number;
  /** `country`: where it is dialled, null for the operator's country. */
  readonly isEmergency: (user: string, uri: string, country: string | null) => boolean;
  /** What a dialled user and Request-URI stand for. */
  readonly destinationOf: (user: string, uri: string, country: string | null) => Destination;
  readonly rates: RateSink;
  readonly onEvent: (event: Event) => void;
  /** Without a directory or live traffic to prove anything (replay): calls are charged to the From user they claim. */
  readonly believeClaims?: boolean;
  /** A new transaction of a source, a message of a source: for counting, where somebody counts. */
  readonly onTransaction?: (sourceSlot: number, atMs: number) => void;
  readonly onMessage?: (sourceSlot: number, atMs: number, message: SipMessage, packet: Packet) => void;
  readonly onCallChange?: (record: CallRecord) => void;
  readonly onBindingChange?: (binding: BindingEntry) => void;
}

/** An answer to a request of the customer's. */
interface Answer {
  readonly status: number;
  readonly timeMs: number;
  /** Expires header in seconds, -1 for none. */
  readonly expires: number;
  /** Where it went: the request's address; the port may be the Via's. */
  readonly endpoint: Endpoint;
  readonly contacts: () => readonly GrantedContact[];
}

/** How much of the table of calls may be filled by calls with credentials that nobody has accepted yet, and by those without any. */
const CLAIMED_SHARE = 0.75;
const UNKNOWN_SHARE = 0.5;

/** Refusals of an INVITE that the called party gives, or the caller himself (487). */
const REACHED = new Set([480, 486, 487, 600, 603]);

/** Longest text of a header that is kept. */
const MAXIMUM_TEXT = 256;

const transaction = new Hash64();
const key = new Hash64();

/**
 * From captured packets to events: reads the message, finds out who stands behind it and which transaction, call or registration it belongs
 * to, and tells rates and events. Pure: capture time comes with the packets, nothing is waited for, nothing is thrown.
 */
export class Pipeline {
  /** Tell `unproven` and `refused` events too: some rule asks for them. */
  watchStrangers = false;
  /** Hears every message between customers and proxies, where some rule asks what they look like. */
  observer: MessageObserver | null = null;
  readonly counters = new PipelineCounters();
  readonly sources: SourceTable;
  readonly lines: LineTable;
  readonly calls: CallTracker;
  readonly registrations: Registrations;
  readonly transactions: TransactionTable;
  /** Finds the proxies where none are configured. */
  learner: ProxyLearner | null;
  #network: Network;
  readonly #options: PipelineOptions;
  readonly #message: SipMessage;
  readonly #facts = new CallFacts();
  readonly #duplicates = new DuplicateFilter();
  readonly #watermark = new Watermark();
  #directoryRevision: number;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { directory, capacity, calls, rates, onEvent } = options;
    this.#network = new Network(options.network);
    this.learner = this.#network.learns ? new ProxyLearner() : null;
    this.#message = new SipMessage({ maximumBytes: options.maximumMessageBytes });
    this.#directoryRevision = directory.revision;
    this.sources = new SourceTable(
      this.#network,
      capacity.sources,
      (address) => directory.trunkByAddress(address),
      (slot) => rates.forgetSource(slot),
    );
    this.lines = new LineTable(
      {
        canonical: (user) => directory.lineByUsername(user)?.id ?? user,
        customerOf: (line) => directory.line(line)?.customer ?? line,
        policyIndexOf: options.policyIndexOf,
      },
      capacity.lines,
      (slot) => rates.forgetCustomer(slot),
    );
    this.transactions = new TransactionTable(capacity.transactions);
    this.registrations = new Registrations(capacity.bindings, onEvent, options.onBindingChange);
    this.calls = new CallTracker({
      ...calls,
      capacity: capacity.calls,
      onEvent: (event: CallEvent) => onEvent(event),
      charge: (record) => this.#chargeOf(record),
      ...(options.onCallChange ? { onChange: options.onCallChange } : {}),
    });
  }

  /** Capture time up to which everything has been told, milliseconds since the epoch. */
  get nowMs(): number {
    return this.#watermark.nowMs;
  }

  /** Takes a packet in. */
  packet(packet: Packet): void {
    const { timeMs } = packet;
    if (this.#watermark.see(timeMs)) this.#advance();
    const message = this.#message;
    const fatal = message.read(packet.bytes, packet.start, packet.end);
    if (fatal !== 0) {
      if (isKeepAlive(packet.bytes, packet.start, packet.end)) this.counters.keepAlives++;
      else this.counters.malformed[fatal]++;
      return;
    }
    const source = this.sources.slotOf(packet.source, timeMs);
    const destination = this.sources.slotOf(packet.destination, timeMs);
    const from = this.#sideOf(source, packet.source, packet);
    const to = this.#sideOf(destination, packet.destination, packet);
    const fromCustomer = from === Side.customer && to === Side.proxy;
    const toCustomer = from === Side.proxy && to === Side.customer;

    const method = message.isRequest ? message.method : message.cseqMethod;
    transactionKey(message, method, toCustomer ? packet.destination : packet.source, transaction);
    const copy = this.#copyOf(message, packet, from);
    if (copy === Copy.doubled) {
      this.counters.duplicates++;
      return;
    }
    // A third copy shows that the second, left out before, was sent as well.
    const times = copy === Copy.repeated ? 2 : 1;
    this.counters.duplicates -= times - 1;
    this.counters.messages += times;
    if (message.isRequest) this.counters.requests += times;
    if (fromCustomer) {
      this.counters.customerMessages += times;
      for (let i = 0; i < times; i++) {
        this.#options.rates.message(source, timeMs);
        this.#options.onMessage?.(source, timeMs, message, packet);
      }
      this.observer?.customerMessage(source, timeMs, message, packet);
      const profile = this.#options.rates.profile(source);
      if (profile !== null) this.#profile(profile, packet);
      if (message.isRequest) this.#customerRequest(packet, source);
      else this.#customerAnswer(packet);
    } else if (toCustomer) {
      this.observer?.proxyMessage(destination, timeMs, message, packet);
      if (message.isRequest) this.#proxyRequest(packet, destination);
      else this.#proxyAnswer(packet, destination);
    } else if (from === Side.customer && to === Side.customer) {
      this.counters.strangerMessages++;
    } else if (message.isRequest && method === Method.BYE) {
      // The leg between proxy and carrier: its calls were counted on the customer's leg, but the BYE may be captured here only.
      this.calls.bye(this.#callFacts(packet));
    }
    if (message.oddities !== 0) this.#countOddities(message.oddities);
  }

  /** Lets capture time pass without a packet: what is due is told. */
  tick(nowMs: number): void {
    if (nowMs > this.#watermark.nowMs) {
      this.#watermark.set(nowMs);
      this.#advance();
    }
  }

  /** From now on capture time does not jump beyond this, milliseconds since the epoch. */
  believeUpTo(ceilingMs: number): void {
    this.#watermark.ceilingMs = ceilingMs;
  }

  /** The capture is over: tells what still waits for earlier messages. */
  finish(): void {
    this.tick(this.#watermark.nowMs + this.#options.calls.reorderMs);
    this.calls.finish();
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

  /** Call-ID of the message in hand, for evidence. */
  currentCallId(): string | null {
    return bounded(this.#message.text(Field.callId));
  }

  isProtected(address: Endpoint): boolean {
    return this.#network.isProtected(address.w0, address.w1, address.w2, address.w3);
  }

  #advance(): void {
    const { nowMs } = this.#watermark;
    this.transactions.advance(nowMs);
    this.registrations.advance(nowMs);
    this.calls.advance(nowMs);
    const { directory } = this.#options;
    if (directory.revision !== this.#directoryRevision) {
      this.#directoryRevision = directory.revision;
      this.sources.refresh(this.#network);
      this.lines.refresh();
    }
  }

  #sideOf(slot: number, endpoint: Endpoint, packet: Packet): Side {
    const side = this.sources.sideOf(slot, endpoint);
    if (this.learner === null || side !== Side.customer) return side;
    if (endpoint === packet.source)
      this.learner.observe(
        packet.agentId,
        packet.source,
        packet.destination,
        this.#message.isRequest,
        this.#message.isRequest && this.#message.method === Method.REGISTER,
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

  /** Feeds the profile of a source that is over its limit with what it sends. */
  #profile(profile: Profile, packet: Packet): void {
    const message = this.#message;
    if (!message.isRequest) {
      profile.response();
      return;
    }
    const isRegister = message.method === Method.REGISTER;
    fieldKey(message, Field.toUser, key);
    const { hi, lo } = key;
    profile.request(message.method, lo);
    if (!isRegister) return;
    const source = formatAddress(packet.source);
    if (this.lines.byHash(hi, lo)?.bindings.some((binding) => binding.source === source)) profile.known(lo);
  }

  /** And with what it is answered. */
  #profileAnswer(profile: Profile, hadCredentials: boolean): void {
    const message = this.#message;
    fieldKey(message, Field.toUser, key);
    const { lo } = key;
    const stale = message.status === 401 && isStale(message);
    profile.answer(message.status, message.cseqMethod, lo, hadCredentials, stale);
  }

  #copyOf(message: SipMessage, packet: Packet, from: Side): Copy {
    let mark =
      Math.imul(message.status + (from << 12), 0x9e3779b1) ^ Math.imul(packet.end - packet.start, 0x85ebca77);
    if (!message.isRequest && message.find(Field.toTag)) {
      fieldKey(message, Field.toTag, key);
      mark ^= key.lo;
    }
    return this.#duplicates.see(transaction.hi ^ mark, transaction.lo ^ (mark >>> 7), packet.timeMs);
  }

  #customerRequest(packet: Packet, source: number): void {
    const message = this.#message;
    const { method } = message;
    if (method === Method.ACK) {
      // An ACK to a failure has the INVITE's branch, one to a 2xx has its own (RFC 3261 §17.1.1.3, §13.2.2.4).
      transactionKey(message, Method.INVITE, packet.source, transaction);
      if (this.transactions.find(transaction.hi, transaction.lo) < 0) this.calls.ack(this.#callFacts(packet));
      return;
    }
    const number = this.transactions.see(transaction.hi, transaction.lo, packet.timeMs);
    const early = this.transactions.isNew ? null : (this.transactions.note(number)?.early ?? null);
    if (!this.transactions.isNew && early === null) {
      this.counters.retransmissions++;
      return;
    }
    this.counters.transactions++;
    this.#options.onTransaction?.(source, packet.timeMs);
    this.#newRequest(packet, source, number);
    if (early !== null) {
      const note = this.transactions.note(number);
      if (note) note.early = null;
      early();
    }
  }

  #newRequest(packet: Packet, source: number, number: number): void {
    const message = this.#message;
    const { method } = message;
    const { timeMs } = packet;
    const trunk = this.sources.trunkOf(source);
    const hasCredentials = message.find(Field.authUser);
    // A registration does not vouch for a REGISTER: who has cracked one line tries others from the same address and port.
    const line =
      trunk === null && method !== Method.REGISTER
        ? this.#registeredLine(packet.source, timeMs, hasCredentials)
        : null;
    const claim =
      trunk === null && line === null && hasCredentials ? claimOf(message.text(Field.authUser)) : null;

    let believed = false;
    const customer = trunk !== null ? this.lines.ensureCustomer(trunk.customer) : (line?.customer ?? null);
    if (customer !== null) {
      this.counters.charged++;
      this.#charge(customer, timeMs, method, line);
      if (line !== null) line.lastSeenMs = timeMs;
    } else if (claim !== null) {
      const note = this.transactions.ensureNote(number);
      if (note !== null) {
        note.claim = claim;
        note.claimed = claim;
        note.hasCredentials = true;
        note.userAgent = bounded(message.text(Field.userAgent)) ?? '';
      }
    } else {
      if (this.watchStrangers && !this.#isRefresh(packet)) this.#unproven(packet, number);
      believed = this.#believe(number);
    }
    switch (method) {
      case Method.REGISTER: {
        const aor = message.text(Field.toUser);
        const note = aor === null || aor.length > MAXIMUM_TEXT ? null : this.transactions.ensureNote(number);
        if (note !== null && aor !== null) {
          note.register = pendingRegister(message, aor, packet.source);
          note.hasCredentials = hasCredentials;
          note.claimed = aor;
          note.userAgent = note.register.userAgent;
        }
        return;
      }
      case Method.INVITE:
        if (!message.find(Field.toTag)) {
          this.#invite(
            packet,
            trunk === null ? line : this.#trunkLine(trunk.customer, timeMs),
            trunk?.id ?? null,
            trunk?.customer ?? null,
            claim,
          );
          return;
        }
        if (offersFax(message)) this.calls.fax(this.#callFacts(packet));
        break;
      case Method.MESSAGE:
        this.#sms(packet, number, line, trunk, claim !== null || believed);
        return;
      case Method.BYE:
        this.calls.bye(this.#callFacts(packet));
        return;
      case Method.CANCEL:
        this.calls.cancel(this.#callFacts(packet), 'outgoing');
        return;
    }
    if (message.find(Field.toTag)) this.calls.inDialogRequest(this.#callFacts(packet));
  }

  #charge({ slot, policyIndex }: CustomerEntry, atMs: number, method: Method, line: LineEntry | null): void {
    const { rates } = this.#options;
    if (rates.transaction(slot, policyIndex, atMs)) rates.profileTransaction(slot, method, line?.id ?? null);
  }

  /** A MESSAGE is an SMS of whoever is charged, at once or when its credentials are accepted. */
  #sms(packet: Packet, number: number, line: LineEntry | null, trunk: Trunk | null, claimed: boolean): void {
    const message = this.#message;
    const called = bounded(message.text(Field.requestUser)) ?? '';
    const uri = bounded(message.text(Field.requestUri)) ?? '';
    if (line !== null || trunk !== null) {
      const charged: Charged = {
        line: line?.id ?? null,
        trunk: trunk?.id ?? null,
        customer: trunk?.customer ?? line?.customer.id ?? null,
        source: formatAddress(packet.source),
      };
      this.#tellSms(packet.timeMs, charged, called, uri);
    } else if (claimed) {
      const note = this.transactions.note(number);
      if (note) note.sms = { called, uri };
    }
  }

  #tellSms(atMs: number, charged: Charged, called: string, uri: string): void {
    const destination = this.#options.destinationOf(called, uri, this.#countryOf(charged.line, null));
    this.#options.onEvent({ type: 'sms', atMs, charged, destination, callId: this.currentCallId() ?? '' });
  }

  /** Where claims are believed: a request without credentials is the From user's, once the proxy goes on without asking for any. */
  #believe(number: number): boolean {
    if (!this.#options.believeClaims) return false;
    const claim = bounded(this.#message.text(Field.fromUser));
    const note = claim === null || claim === '' ? null : this.transactions.ensureNote(number);
    if (note === null) return false;
    note.claim = claim;
    return true;
  }

  /** The challenged half of a registered phone's next REGISTER: no stranger's, though nothing in it proves that. */
  #isRefresh({ source, timeMs }: Packet): boolean {
    if (this.#message.method !== Method.REGISTER) return false;
    const line = this.#lineOf(Field.toUser);
    if (line === null) return false;
    flowKey(source, key);
    return this.registrations.covers(key.hi, key.lo, line, timeMs);
  }

  /** A new request of nobody we know. */
  #unproven(packet: Packet, number: number): void {
    const message = this.#message;
    const charged: Charged = {
      line: null,
      trunk: null,
      customer: null,
      source: formatAddress(packet.source),
    };
    this.#options.onEvent({
      type: 'unproven',
      atMs: packet.timeMs,
      charged,
      method: METHOD_NAMES[message.method] ?? 'UNKNOWN',
      target: bounded(message.text(Field.toUser)) ?? '',
      userAgent: bounded(message.text(Field.userAgent)) ?? '',
      callId: this.currentCallId() ?? '',
    });
    const note = this.transactions.ensureNote(number);
    if (note !== null) note.unproven = true;
  }

  /** The proxy's final word on credentials, or on a request of nobody we know. */
  #tellJudged(note: TransactionNote, { status, timeMs, endpoint }: Answer, line: LineEntry | null): void {
    const message = this.#message;
    const source = formatAddress(endpoint);
    const method = METHOD_NAMES[message.cseqMethod] ?? 'UNKNOWN';
    const callId = this.currentCallId() ?? '';
    const nobody: Charged = { line: null, trunk: null, customer: null, source };
    const { onEvent } = this.#options;
    if (note.hasCredentials) {
      const accepted = !isCredentialRefusal(status);
      // The password was right, the nonce too old (RFC 7616 §3.3).
      if (!accepted && isStale(message)) return;
      const charged =
        accepted && line !== null ? { ...nobody, line: line.id, customer: line.customer.id } : nobody;
      const claimed = note.claimed;
      onEvent({
        type: 'credentials',
        atMs: timeMs,
        charged,
        claimed,
        accepted,
        method,
        userAgent: note.userAgent,
        callId,
      });
    } else if (
      note.unproven &&
      status >= 400 &&
      !isPutThrough(message.cseqMethod, status) &&
      status !== 401 &&
      status !== 407
    ) {
      const target = bounded(message.text(Field.toUser)) ?? '';
      onEvent({ type: 'refused', atMs: timeMs, charged: nobody, method, status, target, callId });
    }
  }

  #tellPutThrough({ timeMs, endpoint }: Answer): void {
    this.#options.onEvent({
      type: 'put-through',
      atMs: timeMs,
      charged: { line: null, trunk: null, customer: null, source: formatAddress(endpoint) },
      target: bounded(this.#message.text(Field.toUser)) ?? '',
      callId: this.currentCallId() ?? '',
    });
  }

  /** The line whose live registration holds this address and port, as From claims it or as the only one there. */
  #registeredLine(source: Endpoint, timeMs: number, hasCredentials: boolean): LineEntry | null {
    const message = this.#message;
    flowKey(source, key);
    const { hi, lo } = key;
    const claimed = this.#lineOf(
      hasCredentials ? Field.authUser : message.method === Method.REGISTER ? Field.toUser : Field.fromUser,
    );
    if (claimed !== null && this.registrations.covers(hi, lo, claimed, timeMs)) return claimed;
    return hasCredentials ? null : this.registrations.soleLine(hi, lo, timeMs);
  }

  #lineOf(field: Field): LineEntry | null {
    const message = this.#message;
    if (!message.find(field)) return null;
    if (field === Field.authUser || message.escaped) {
      const text = message.text(field);
      return text === null ? null : this.lines.byName(field === Field.authUser ? claimOf(text) : text);
    }
    fieldKey(message, field, key);
    return this.lines.byHash(key.hi, key.lo);
  }

  /** The line of a trunk's call: P-Asserted-Identity, else From, where the directory says that it is this customer's. */
  #trunkLine(customer: string, timeMs: number): LineEntry | null {
    const { directory } = this.#options;
    for (const field of [Field.assertedUser, Field.fromUser]) {
      const user = this.#message.text(field);
      const line = user === null ? null : directory.lineByUsername(user);
      if (line && (line.customer ?? line.id) === customer) return this.lines.ensure(line.id, timeMs);
    }
    return null;
  }

  #invite(
    packet: Packet,
    line: LineEntry | null,
    trunk: string | null,
    customer: string | null,
    claim: string | null,
  ): void {
    const facts = this.#callFacts(packet);
    const source = formatAddress(packet.source);
    const proven = line !== null || trunk !== null;
    const charged: Charged | null = proven
      ? { line: line?.id ?? null, trunk, customer: customer ?? line?.customer.id ?? null, source }
      : null;
    const record =
      this.calls.find(facts, 'outgoing') ??
      this.#newRecord(facts, 'outgoing', proven ? 1 : claim !== null ? CLAIMED_SHARE : UNKNOWN_SHARE);
    if (record)
      this.calls.invite(record, facts, charged, claim, () =>
        this.#origin(packet.source, trunk !== null, this.#countryOf(line?.id ?? claim, packet.source)),
      );
  }

  /** A message from the proxy to the customer: an incoming call, or the far end's word in a call of the customer's. */
  #proxyRequest(packet: Packet, destination: number): void {
    const message = this.#message;
    const { method } = message;
    if (method === Method.INVITE && !message.find(Field.toTag)) {
      const trunk = this.sources.trunkOf(destination);
      const line = trunk === null ? this.#calledLine(packet.destination, packet.timeMs) : null;
      if (trunk === null && line === null) return;
      const facts = this.#callFacts(packet);
      const charged: Charged = {
        line: line?.id ?? null,
        trunk: trunk?.id ?? null,
        customer: trunk?.customer ?? line?.customer.id ?? null,
        source: formatAddress(packet.destination),
      };
      const record = this.calls.find(facts, 'incoming') ?? this.#newRecord(facts, 'incoming', 1);
      if (record)
        this.calls.invite(record, facts, charged, null, () =>
          this.#origin(packet.destination, true, this.#countryOf(line?.id ?? null, packet.destination)),
        );
    } else if (method === Method.BYE) {
      this.calls.bye(this.#callFacts(packet));
    } else if (method === Method.CANCEL) {
      this.calls.cancel(this.#callFacts(packet), 'incoming');
    } else if (method !== Method.ACK && message.find(Field.toTag)) {
      const facts = this.#callFacts(packet);
      this.calls.inDialogRequest(facts);
      if (method === Method.INVITE && offersFax(message)) this.calls.fax(facts);
    }
  }

  /** The line registered where the request goes: the one it names, or the only one there. */
  #calledLine(destination: Endpoint, timeMs: number): LineEntry | null {
    flowKey(destination, key);
    const { hi, lo } = key;
    const named = [this.#lineOf(Field.requestUser), this.#lineOf(Field.toUser)];
    for (const line of named)
      if (line !== null && this.registrations.covers(hi, lo, line, timeMs)) return line;
    const sole = this.registrations.soleLine(hi, lo, timeMs);
    if (sole !== null || (named[0] === null && named[1] === null)) return sole;
    // The port told may be the Contact's, not that of the connection that the request takes.
    const address = formatAddress(destination);
    const isThere = (line: LineEntry | null): boolean =>
      line?.bindings.some(({ source, expiresAtMs }) => source === address && expiresAtMs > timeMs) ?? false;
    return named.find(isThere) ?? null;
  }

  /** A proxy's answer to the customer's request. */
  #proxyAnswer(packet: Packet, destination: number): void {
    const message = this.#message;
    const { status, cseqMethod } = message;
    if (status > 100) {
      const number = this.transactions.find(transaction.hi, transaction.lo);
      const note = number < 0 ? undefined : this.transactions.note(number);
      const profile = status >= 200 ? this.#options.rates.profile(destination) : null;
      if (profile !== null) this.#profileAnswer(profile, note?.hasCredentials ?? false);
      if (note && note.early === null) {
        const { expires } = message;
        const contacts = () => grantedContacts(message);
        this.#settle(number, {
          status,
          timeMs: packet.timeMs,
          expires,
          endpoint: packet.destination,

          contacts,
        });
      } else if (number < 0 || (note && status >= 200)) this.#settleLater(packet);
    }
    if (cseqMethod === Method.INVITE) {
      this.calls.inviteAnswer(
        this.#callFacts(packet),
        'outgoing',
        status,
        this.#isOurRefusal(status),
        this.#dialogTag(status),
      );
    } else if (
      cseqMethod !== Method.BYE &&
      cseqMethod !== Method.REGISTER &&
      cseqMethod !== Method.CANCEL &&
      message.find(Field.toTag)
    ) {
      this.calls.dialogAnswer(this.#callFacts(packet), status);
    }
  }

  /** The customer's answer to the proxy's request. */
  #customerAnswer(packet: Packet): void {
    const message = this.#message;
    const { status, cseqMethod } = message;
    if (cseqMethod === Method.INVITE) {
      this.calls.inviteAnswer(this.#callFacts(packet), 'incoming', status, false, this.#dialogTag(status));
    } else if (cseqMethod !== Method.BYE && cseqMethod !== Method.CANCEL && message.find(Field.toTag)) {
      this.calls.dialogAnswer(this.#callFacts(packet), status);
    }
  }

  /** An answer says whether the proxy accepted the credentials that the request carried, and makes bindings of a REGISTER. */
  #settle(number: number, answer: Answer): void {
    const note = this.transactions.note(number);
    if (!note) return;
    const { status, timeMs } = answer;
    const { claim, register, sms } = note;
    let line: LineEntry | null = null;
    if (claim !== null && !isCredentialRefusal(status)) {
      line = this.lines.ensure(claim, timeMs);
      this.counters.charged++;
      const customer = line.customer.id;
      this.#charge(line.customer, this.transactions.timeMs(number), this.#message.cseqMethod, line);
      if (sms !== null) {
        const charged: Charged = {
          line: line.id,
          trunk: null,
          customer,
          source: formatAddress(answer.endpoint),
        };
        this.#tellSms(this.transactions.timeMs(number), charged, sms.called, sms.uri);
      }
    }
    note.claim = null;
    note.sms = null;
    if (note.unproven && !note.putThrough && isPutThrough(this.#message.cseqMethod, status)) {
      note.putThrough = true;
      this.#tellPutThrough(answer);
    }
    if (status < 200) return;
    if (line === null && note.claimed !== '') line = this.lines.byName(note.claimed);
    if (note.hasCredentials || note.unproven) this.#tellJudged(note, answer, line);
    if (register !== null && status < 300) this.#register(register, answer);
    this.transactions.dropNote(number);
  }

  #register(register: PendingRegister, { timeMs, contacts, expires }: Answer): void {
    const { source } = register;
    const line = this.lines.ensure(register.aor, timeMs);
    const seconds = grantedSeconds(register, contacts(), expires);
    if (register.contact === '*') this.registrations.unbind(line, null, timeMs);
    else if (seconds <= 0) this.registrations.unbind(line, register.contact, timeMs);
    else if (register.contact !== '') {
      flowKey(source, key);
      const previous = this.registrations.bind(
        line,
        {
          device: register.contact,
          userAgent: register.userAgent,
          source: formatAddress(source),
          sourcePort: source.port,
          flowHi: key.hi,
          flowLo: key.lo,
          callId: register.callId,
          expiresAtMs: timeMs + seconds * 1000,
        },
        timeMs,
      );
      if (previous !== null && previous.callId !== register.callId)
        this.calls.restarted(line.id, previous.source, previous.sourcePort, timeMs);
    }
  }

  /** An answer that was captured before its request waits for it. */
  #settleLater(packet: Packet): void {
    const { status, cseqMethod, expires } = this.#message;
    if (cseqMethod !== Method.REGISTER && cseqMethod !== Method.INVITE) return;
    const contacts = cseqMethod === Method.REGISTER && status < 300 ? grantedContacts(this.#message) : [];
    const endpoint = new Endpoint();
    endpoint.copy(packet.destination);
    const { timeMs } = packet;
    const number = this.transactions.see(transaction.hi, transaction.lo, timeMs);
    const note = this.transactions.ensureNote(number);
    if (note === null) return;
    note.early = () =>
      this.#settle(number, {
        status,
        timeMs,
        expires,
        endpoint,

        contacts: () => contacts,
      });
  }

  #dialogTag(status: number): string | null {
    return status >= 200 && status < 300 ? bounded(this.#message.text(Field.toTag)) : null;
  }

  #newRecord(facts: CallFacts, direction: 'outgoing' | 'incoming', share: number): CallRecord | null {
    const callId = this.#message.text(Field.callId) ?? '';
    const fromTag = this.#message.text(Field.fromTag) ?? '';
    return this.calls.create(
      facts,
      direction,
      { callId: callId.slice(0, MAXIMUM_TEXT), fromTag: fromTag.slice(0, MAXIMUM_TEXT) },
      share,
    );
  }

  /** Where the line, or the trunk behind the address, dials; null where the directory does not say. */
  #countryOf(line: string | null, source: Endpoint | null): string | null {
    const { directory } = this.#options;
    const known = line === null ? null : directory.lineByUsername(line);
    const trunk = source === null ? null : directory.trunkByAddress(source);
    return known?.emergencyCountry ?? trunk?.emergencyCountry ?? null;
  }

  #origin(customer: Endpoint, trusted: boolean, country: string | null): CallOrigin {
    const message = this.#message;
    const presented = bounded(message.text(Field.fromUser)) ?? '';
    const called = bounded(message.text(Field.requestUser)) ?? '';
    const uri = bounded(message.text(Field.requestUri)) ?? '';
    return {
      presented,
      caller: this.#options.destinationOf(presented, '', country),
      called,
      destination: this.#options.destinationOf(called, uri, country),
      asserted: trusted ? bounded(message.text(Field.assertedUser)) : null,
      userAgent: bounded(message.text(Field.userAgent)) ?? '',
      emergency: this.#options.isEmergency(called, uri, country),
      source: formatAddress(customer),
      sourcePort: customer.port,
    };
  }

  /** Whom a call is charged to that its source did not prove: the line whose credentials were accepted, or the one it claims. */
  #chargeOf(record: CallRecord): Charged | null {
    const { origin } = record;
    if (!origin) return null;
    const { believeClaims } = this.#options;
    const name =
      record.claim !== null && record.credentialsAccepted
        ? record.claim
        : believeClaims
          ? (record.claim ?? origin.presented)
          : null;
    if (name === null || name === '') return null;
    const line = this.lines.ensure(name, record.inviteAtMs);
    return { line: line.id, trunk: null, customer: line.customer.id, source: origin.source };
  }

  #isOurRefusal(status: number): boolean {
    return (
      status >= 400 &&
      (status === 403 || status === 603 || status === 608) &&
      /vigie/i.test(this.#message.text(Field.reason) ?? '')
    );
  }

  #callFacts(packet: Packet): CallFacts {
    const message = this.#message;
    const facts = this.#facts;
    facts.timeMs = packet.timeMs;
    fieldKey(message, Field.callId, key);
    facts.callHi = key.hi;
    facts.callLo = key.lo;
    fieldKey(message, Field.fromTag, key);
    facts.fromHi = key.hi;
    facts.fromLo = key.lo;
    fieldKey(message, Field.toTag, key);
    facts.toHi = key.hi;
    facts.toLo = key.lo;
    facts.cseq = message.cseq;
    facts.branch = transaction.lo;
    facts.sessionExpiresSeconds = message.sessionExpires;
    return facts;
  }

  #countOddities(bits: number): void {
    for (let oddity = 0; bits !== 0; oddity++, bits >>>= 1) if (bits & 1) this.counters.oddities[oddity]++;
  }
}

/** The proxy did not take the credentials (RFC 3261 §22.1, §22.2; 403 where a registrar says so). */
function isCredentialRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 407;
}

/** The call got as far as the called party: it rings, is answered, busy, declined, not taken or given up (RFC 3261 §21). */
function isPutThrough(method: Method, status: number): boolean {
  return (
    method === Method.INVITE &&
    ((status >= 180 && status < 190) || (status >= 200 && status < 300) || REACHED.has(status))
  );
}

/** The answer in hand asks for the same credentials with a fresh nonce. */
function isStale(message: SipMessage): boolean {
  return ['WWW-Authenticate', 'Proxy-Authenticate'].some((name) =>
    message.headers(name).some((value) => /stale\s*=\s*"?true/i.test(value)),
  );
}

/** The session description offers T.38 (RFC 3362): `m=image 49170 udptl t38`, a port of 0 being a refusal. */
function offersFax(message: SipMessage): boolean {
  const { bytes, bodyStart, bodyEnd } = message;
  const at = bytes.subarray(bodyStart, bodyEnd).indexOf('m=image ');
  return at >= 0 && /^m=image [1-9]\d* \S+ (?:.* )?t38\s*$/im.test(message.sdp() ?? '');
}

/** Digest user names of some phones carry their realm. */
function claimOf(user: string | null): string {
  const name = (user ?? '').slice(0, MAXIMUM_TEXT);
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

function bounded(text: string | null): string | null {
  return text === null || text.length <= MAXIMUM_TEXT ? text : text.slice(0, MAXIMUM_TEXT);
}
