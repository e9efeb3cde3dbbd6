import type { CallEvent, Charged } from '../../detectors/vocabulary.ts';
import type { Trunk } from '../identity/directory-schema.ts';
import { type CustomerEntry, type LineEntry, LineTable } from '../identity/line-table.ts';
import { Side } from '../identity/network.ts';
import { Registrations } from '../identity/registrations.ts';
import type { SourceTable } from '../identity/source-table.ts';
import { formatAddress } from '../ingest/address.ts';
import { Endpoint, type Packet } from '../ingest/packet.ts';
import { CallFacts } from '../sip/call-facts.ts';
import { CallTracker } from '../sip/call-tracker.ts';
import { Copy, DuplicateFilter } from '../sip/duplicates.ts';
import { Hash64 } from '../sip/hash.ts';
import { Field, isKeepAlive, Method, SipMessage } from '../sip/message.ts';
import { type PendingRegister, TransactionTable } from '../sip/transactions.ts';
import type { Answer } from './answer.ts';
import { Attribution } from './attribution.ts';
import { CallLegs } from './call-legs.ts';
import { PipelineCounters } from './counters.ts';
import { fieldKey, flowKey, transactionKey } from './keys.ts';
import {
  bounded,
  claimOf,
  isCredentialRefusal,
  isOurRefusal,
  isPutThrough,
  MAXIMUM_TEXT,
  offersFax,
} from './message-facts.ts';
import type { MessageObserver, PipelineOptions } from './options.ts';
import { profileAnswer, profileMessage } from './profiling.ts';
import { grantedContacts, grantedSeconds, pendingRegister } from './register.ts';
import { Sides } from './sides.ts';
import { Strangers } from './strangers.ts';
import { Watermark } from './watermark.ts';

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
  readonly sides: Sides;
  readonly sources: SourceTable;
  readonly lines: LineTable;
  readonly calls: CallTracker;
  readonly registrations: Registrations;
  readonly transactions: TransactionTable;
  readonly #options: PipelineOptions;
  readonly #message: SipMessage;
  readonly #facts = new CallFacts();
  readonly #duplicates = new DuplicateFilter();
  readonly #watermark = new Watermark();
  readonly #attribution: Attribution;
  readonly #legs: CallLegs;
  readonly #strangers: Strangers;
  #directoryRevision: number;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { directory, capacity, calls, rates, onEvent } = options;
    this.#message = new SipMessage({ maximumBytes: options.maximumMessageBytes });
    this.#directoryRevision = directory.revision;
    this.sides = new Sides(options.network, capacity.sources, directory, (slot) => rates.forgetSource(slot));
    this.sources = this.sides.sources;
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
    const message = this.#message;
    const believeClaims = options.believeClaims ?? false;
    const attribution = new Attribution(message, this.lines, this.registrations, directory, believeClaims);
    this.calls = new CallTracker({
      ...calls,
      capacity: capacity.calls,
      onEvent: (event: CallEvent) => onEvent(event),
      charge: (record) => attribution.chargeOf(record),
      ...(options.onCallChange ? { onChange: options.onCallChange } : {}),
    });
    this.#attribution = attribution;
    this.#legs = new CallLegs(message, this.calls, attribution, options);
    this.#strangers = new Strangers(message, onEvent);
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
    const from = this.sides.of(source, packet.source, packet, message);
    const to = this.sides.of(destination, packet.destination, packet, message);
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
    this.#options.onSeen?.(message, packet);
    if (fromCustomer) {
      this.counters.customerMessages += times;
      for (let i = 0; i < times; i++) {
        this.#options.rates.message(source, timeMs);
        this.#options.onMessage?.(source, timeMs, message, packet);
      }
      this.observer?.customerMessage(source, timeMs, message, packet);
      const profile = this.#options.rates.profile(source);
      if (profile !== null) profileMessage(profile, message, packet, this.lines);
      if (message.isRequest) this.#customerRequest(packet, source);
      else this.#customerAnswer(packet);
    } else if (toCustomer) {
      this.observer?.proxyMessage(destination, timeMs, message, packet);
      if (message.isRequest) this.#proxyRequest(packet, destination);
      else this.#proxyAnswer(packet, destination);
    } else if (from === Side.customer && to === Side.customer) {
      this.counters.strangerMessages++;
    } else if (method === Method.BYE) {
      // The leg between proxy and carrier: its calls were counted on the customer's leg, but the BYE may be captured here only.
      if (message.isRequest) this.calls.bye(this.#callFacts(packet));
      else this.#byeAnswer(packet);
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

  /** Call-ID of the message in hand, for evidence. */
  currentCallId(): string | null {
    return bounded(this.#message.text(Field.callId));
  }

  #advance(): void {
    const { nowMs } = this.#watermark;
    this.transactions.advance(nowMs);
    this.registrations.advance(nowMs);
    this.calls.advance(nowMs);
    const { directory } = this.#options;
    if (directory.revision !== this.#directoryRevision) {
      this.#directoryRevision = directory.revision;
      this.sides.refresh();
      this.lines.refresh();
    }
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
        ? this.#attribution.registeredLine(packet.source, timeMs, hasCredentials)
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
      if (this.watchStrangers && method === Method.INVITE && !message.find(Field.toTag))
        this.#strangers.resent(packet);
    } else {
      if (this.watchStrangers && !this.#attribution.isRefresh(packet))
        this.#strangers.unproven(packet, this.transactions.ensureNote(number));
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
          const caller = trunk === null ? line : this.#attribution.trunkLine(trunk.customer, timeMs);
          const charged = chargedTo(caller, trunk, packet.source);
          this.#legs.outgoing(this.#callFacts(packet), packet.source, charged, claim);
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
    const charged = chargedTo(line, trunk, packet.source);
    if (charged !== null) {
      this.#tellSms(packet.timeMs, charged, called, uri);
    } else if (claimed) {
      const note = this.transactions.note(number);
      if (note) note.sms = { called, uri };
    }
  }

  #tellSms(atMs: number, charged: Charged, called: string, uri: string): void {
    const destination = this.#options.destinationOf(
      called,
      uri,
      this.#attribution.countryOf(charged.line, null),
    );
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

  /** A message from the proxy to the customer: an incoming call, or the far end's word in a call of the customer's. */
  #proxyRequest(packet: Packet, destination: number): void {
    const message = this.#message;
    const { method } = message;
    if (method === Method.INVITE && !message.find(Field.toTag)) {
      const trunk = this.sources.trunkOf(destination);
      const line = trunk === null ? this.#attribution.calledLine(packet.destination, packet.timeMs) : null;
      const charged = chargedTo(line, trunk, packet.destination);
      if (charged !== null) this.#legs.incoming(this.#callFacts(packet), packet.destination, charged);
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

  /** A proxy's answer to the customer's request. */
  #proxyAnswer(packet: Packet, destination: number): void {
    const message = this.#message;
    const { status, cseqMethod } = message;
    if (status > 100) {
      const number = this.transactions.find(transaction.hi, transaction.lo);
      const note = number < 0 ? undefined : this.transactions.note(number);
      const profile = status >= 200 ? this.#options.rates.profile(destination) : null;
      if (profile !== null) profileAnswer(profile, message, note?.hasCredentials ?? false);
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
        isOurRefusal(message),
        this.#dialogTag(status),
      );
    } else if (cseqMethod === Method.BYE) {
      this.#byeAnswer(packet);
    } else if (cseqMethod !== Method.REGISTER && cseqMethod !== Method.CANCEL && message.find(Field.toTag)) {
      this.calls.dialogAnswer(this.#callFacts(packet), status);
    }
  }

  /** The customer's answer to the proxy's request. */
  #customerAnswer(packet: Packet): void {
    const message = this.#message;
    const { status, cseqMethod } = message;
    if (cseqMethod === Method.INVITE) {
      this.calls.inviteAnswer(this.#callFacts(packet), 'incoming', status, false, this.#dialogTag(status));
    } else if (cseqMethod === Method.BYE) {
      this.#byeAnswer(packet);
    } else if (cseqMethod !== Method.CANCEL && message.find(Field.toTag)) {
      this.calls.dialogAnswer(this.#callFacts(packet), status);
    }
  }

  /** The capture may have lost the BYE and not its answer. One that is challenged has ended nothing yet. */
  #byeAnswer(packet: Packet): void {
    const { status } = this.#message;
    if (status >= 200 && status !== 401 && status !== 407) this.calls.byeAnswer(this.#callFacts(packet));
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
      this.#strangers.putThrough(answer);
    }
    if (status < 200) return;
    if (line === null && note.claimed !== '') line = this.lines.byName(note.claimed);
    if (note.hasCredentials || note.unproven) this.#strangers.judged(note, answer, line);
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
      if (previous?.startedAnew) this.calls.restarted(line.id, previous.source, previous.sourcePort, timeMs);
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

/** Whom a call or an SMS at this address is charged to, null where neither a line nor a trunk is known. */
function chargedTo(line: LineEntry | null, trunk: Trunk | null, address: Endpoint): Charged | null {
  if (line === null && trunk === null) return null;
  return {
    line: line?.id ?? null,
    trunk: trunk?.id ?? null,
    customer: trunk?.customer ?? line?.customer.id ?? null,
    source: formatAddress(address),
  };
}
