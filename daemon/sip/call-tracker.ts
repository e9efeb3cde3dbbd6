import type { CallEvent, CallLeg, Charged } from '../../detectors/vocabulary.ts';
import { type CallOrigin, CallRecord, type Direction, outcomeOf } from './call-record.ts';
import { HashIndex } from './hash-index.ts';
import { TimeHeap } from './time-heap.ts';

/** The facts of one message that calls are followed by; the pipeline fills one object again and again. */
export class CallFacts {
  timeMs = 0;
  callHi = 0;
  callLo = 0;
  fromHi = 0;
  fromLo = 0;
  /** 0, 0: no To-tag. */
  toHi = 0;
  toLo = 0;
  cseq = 0;
  /** Low word of the top Via's hash: which fork an answer belongs to. */
  branch = 0;
  /** Session-Expires in seconds, -1 where the message has none. */
  sessionExpiresSeconds = -1;
}

export interface CallTrackerOptions {
  /** An answered call without session timer and without BYE is closed after this. */
  readonly maximumAgeMs: number;
  /** An attempt without final answer is closed this long after its last message (RFC 3261 timer C is 3 minutes). */
  readonly unansweredAgeMs: number;
  /** Events wait this long, in capture time, for earlier ones that arrive later. */
  readonly reorderMs: number;
  /** Durations after which an answered call gives a `lasting` event. */
  readonly marksMs: readonly number[];
  /** Records kept at most. */
  readonly capacity: number;
  readonly onEvent: (event: CallEvent) => void;
  /** Whom an accepted claim or an unproven call is charged to; null: nobody but the source. */
  readonly charge: (record: CallRecord) => Charged | null;
  /** The record changed in a way that must survive a restart. */
  readonly onChange?: (record: CallRecord) => void;
}

/** What is to be done once the INVITE is there. */
interface Parked {
  readonly atMs: number;
  readonly again: () => void;
}

type Told =
  | 'attempt'
  | 'ringing'
  | 'answered'
  | 'outcome'
  | 'ended'
  | 'expired'
  | `lasting:${number}`
  | `fax:${number}`;

/** 64·T1: how long retransmissions of a final answer or a BYE can come, and a challenged INVITE is waited for. */
const LINGER_MS = 64_000;
const CHALLENGE_WAIT_MS = 40_000;
/** A message that was captured before the INVITE of its call waits this long for it; so many wait at most. */
const PARKED_MS = 5_000;
const MAXIMUM_PARKED = 4096;
const MAXIMUM_PARKED_PER_CALL = 32;
/** Every record is looked at this often at least. */
const LOOK_MS = 60_000;
/** A mark is looked at so long after it: less than a capture's microsecond, more than what a double of today's time can tell apart. */
const PAST_MARK_MS = 0.0005;
/** A BYE without any final answer waits this long for the 2xx before the answer is inferred. */
const BYE_WAIT_MS = 2_000;
/** Grace after a session timer: RFC 4028 §10 has the BYE sent min(32 s, a third) before the end. */
const SESSION_GRACE_MS = 32_000;

/**
 * Follows attempts and calls, as the definitions of attempt, answered, duration and simultaneous calls have it. Order of arrival, repetition and
 * loss of messages are expected: a record keeps first times only, and events are told in time order after `reorderMs`.
 */
export class CallTracker {
  readonly #options: CallTrackerOptions;
  readonly #index: HashIndex;
  readonly #records: (CallRecord | null)[] = [];
  readonly #free: number[] = [];
  readonly #events = new TimeHeap<{ readonly told: Told; readonly record: CallRecord }>();
  readonly #due = new TimeHeap<CallRecord>();
  /** By the low word of the Call-ID's hash; in the order of arrival. */
  readonly #parked = new Map<number, Parked[]>();
  #count = 0;
  #nowMs = Number.NEGATIVE_INFINITY;
  #marksMs: readonly number[];
  /** Calls not followed because the table was full. */
  refused = 0;
  /** Legs closed by a timer, not by a BYE. */
  expired = 0;

  constructor(options: CallTrackerOptions) {
    this.#options = options;
    this.#marksMs = options.marksMs;
    this.#index = new HashIndex(1024);
  }

  get size(): number {
    return this.#count;
  }

  /** Durations after which an answered call gives a `lasting` event, ascending, milliseconds. */
  get marksMs(): readonly number[] {
    return this.#marksMs;
  }

  /** A call that goes on has passed those of the new marks that are no later than the last one it passed. */
  set marksMs(marksMs: readonly number[]) {
    const former = this.#marksMs;
    this.#marksMs = marksMs;
    for (const record of this.records()) {
      const lastMs = former[record.marksPassed - 1] ?? 0;
      record.marksPassed = marksMs.filter((mark) => mark <= lastMs).length;
      this.#schedule(record);
    }
  }

  /** Events told but still waiting for earlier ones. */
  get waiting(): number {
    return this.#events.size;
  }

  *records(): Generator<CallRecord> {
    for (const first of this.#records) for (let r: CallRecord | null = first; r; r = r.next) yield r;
  }

  /** The record of an initial INVITE's direction and tag, or null. */
  find(f: CallFacts, direction: Direction): CallRecord | null {
    for (let r = this.#first(f); r; r = r.next)
      if (r.direction === direction && r.fromHi === f.fromHi && r.fromLo === f.fromLo) return r;
    return null;
  }

  /**
   * Keeps a message of a Call-ID that nothing is known of until its INVITE comes, for captures are not in order. Of those that wait too
   * long or are too many the oldest go.
   * @returns false if the Call-ID is known: there is nothing to wait for
   */
  park(f: CallFacts, again: (f: CallFacts) => void): boolean {
    if (this.#first(f) !== null) return false;
    const facts = Object.assign(new CallFacts(), f);
    const parked = { atMs: this.#nowMs, again: () => again(facts) };
    const waiting = this.#parked.get(f.callLo);
    if (waiting) {
      if (waiting.length < MAXIMUM_PARKED_PER_CALL) waiting.push(parked);
    } else {
      if (this.#parked.size >= MAXIMUM_PARKED)
        this.#parked.delete(this.#parked.keys().next().value as number);
      this.#parked.set(f.callLo, [parked]);
    }
    return true;
  }

  /**
   * Makes the record of an initial INVITE's direction and tag; `find` has found none.
   * @param share of the table that calls of this standing may fill, 0 to 1: who proves less must leave room for who proves more
   * @returns null when there is no room
   */
  create(
    f: CallFacts,
    direction: Direction,
    texts: { callId: string; fromTag: string },
    share: number,
  ): CallRecord | null {
    const { capacity } = this.#options;
    if (this.#count >= capacity * share) {
      this.refused++;
      return null;
    }
    const record = new CallRecord(
      texts.callId,
      f.callHi,
      f.callLo,
      direction,
      texts.fromTag,
      f.fromHi,
      f.fromLo,
    );
    this.#add(record);
    record.lastSeenMs = f.timeMs;
    this.#schedule(record);
    return record;
  }

  /** An INVITE without To-tag. `charged`: whom the source proves; `claim`: the line whose credentials it carries. */
  invite(
    record: CallRecord,
    f: CallFacts,
    charged: Charged | null,
    claim: string | null,
    origin: () => CallOrigin,
  ): void {
    this.#seen(record, f);
    record.inviteAtMs = earliest(record.inviteAtMs, f.timeMs);
    record.lastInviteCseq = Math.max(record.lastInviteCseq, f.cseq);
    record.origin ??= origin();
    record.charged ??= charged;
    if (claim !== null) {
      record.claim ??= claim;
      record.addCredentialCseq(f.cseq);
    }
    if (record.direction === 'incoming' && record.answeredAtMs === 0 && record.failedAtMs === 0)
      record.openBranch(f.branch);
    this.#tell(record);
    const waiting = this.#parked.size > 0 ? this.#parked.get(f.callLo) : undefined;
    if (waiting) {
      this.#parked.delete(f.callLo);
      for (const { again } of waiting) again();
    }
  }

  /**
   * An answer to an INVITE of this direction, or to a re-INVITE of either side.
   * @param refusedByUs it carries the Reason of our own suspension
   * @param toTag text of the To-tag of a 2xx, null otherwise
   */
  inviteAnswer(
    f: CallFacts,
    direction: Direction,
    status: number,
    refusedByUs: boolean,
    toTag: string | null,
  ): void {
    if (this.park(f, (facts) => this.inviteAnswer(facts, direction, status, refusedByUs, toTag))) return;
    const record = this.find(f, direction);
    if (!record) {
      this.dialogAnswer(f, status);
      return;
    }
    const { answeredCseq } = record;
    if (record.answeredAtMs > 0 && f.cseq > answeredCseq) {
      this.inDialogAnswer(record, f, status);
      return;
    }
    this.#seen(record, f);
    record.lastInviteCseq = Math.max(record.lastInviteCseq, f.cseq);
    if (status === 401 || status === 407)
      record.lastChallengedCseq = Math.max(record.lastChallengedCseq, f.cseq);
    else if (status > 100 && status !== 403) record.addAcceptedCseq(f.cseq);
    if (status >= 180 && status < 200) record.ringingAtMs = earliest(record.ringingAtMs, f.timeMs);
    else if (status >= 200 && status < 300) {
      if (record.answeredAtMs === 0 || f.timeMs < record.answeredAtMs) record.answeredAtMs = f.timeMs;
      record.answeredCseq = answeredCseq === 0 ? f.cseq : Math.min(answeredCseq, f.cseq);
      record.addDialog(f.toHi, f.toLo);
      record.dialogTag ??= toTag;
      this.#session(record, f);
    } else if (status >= 300 && status !== 401 && status !== 407) {
      const allFailed = record.direction === 'outgoing' || record.closeBranch(f.branch);
      if (allFailed && (record.failedAtMs === 0 || f.timeMs < record.failedAtMs)) {
        record.failedAtMs = f.timeMs;
        record.failedStatus = status;
        record.refusedByUs = refusedByUs;
      }
    }
    this.#tell(record);
  }

  /** A CANCEL of the record's direction and tag. */
  cancel(f: CallFacts, direction: Direction): void {
    if (this.park(f, (facts) => this.cancel(facts, direction))) return;
    const record = this.find(f, direction);
    if (!record) return;
    this.#seen(record, f);
    record.cancelled = true;
  }

  /** An ACK whose branch is not the INVITE's: the caller confirms a 2xx (RFC 3261 §13.2.2.4). */
  ack(f: CallFacts): void {
    if (this.park(f, (facts) => this.ack(facts))) return;
    for (let r = this.#first(f); r; r = r.next) {
      if (r.fromHi !== f.fromHi || r.fromLo !== f.fromLo) continue;
      this.#seen(r, f);
      if (r.ackAtMs === 0 || f.timeMs < r.ackAtMs) r.ackAtMs = f.timeMs;
    }
  }

  /** A BYE of either side. It ends every leg whose dialog it names; one that names another dialog of the Call-ID is no end. */
  bye(f: CallFacts): void {
    if (this.park(f, (facts) => this.bye(facts))) return;
    for (let r = this.#first(f); r; r = r.next) {
      const tag = this.#otherTag(r, f);
      // An end that has been told may still move back to an earlier BYE, as long as its event waits.
      if (!tag || (r.endTold && r.byeAtMs === 0)) continue;
      if (r.dialogs.length > 0 && !r.hasDialog(tag.hi, tag.lo)) continue;
      this.#seen(r, f);
      if (r.byeAtMs === 0 || f.timeMs < r.byeAtMs) {
        r.byeAtMs = f.timeMs;
        r.byeTag = tag;
      }
      this.#tell(r);
    }
  }

  /** Any other request within a dialog: the call is alive. */
  inDialogRequest(f: CallFacts): void {
    for (let r = this.#first(f); r; r = r.next) if (this.#otherTag(r, f)) this.#seen(r, f);
  }

  /** The call turns to T.38: of the legs in this dialog each is told so once. */
  fax(f: CallFacts): void {
    for (let r = this.#first(f); r; r = r.next) {
      if (r.faxTold || r.answeredAtMs === 0 || r.endTold || r.charged === null) continue;
      const tag = this.#otherTag(r, f);
      if (!tag || !r.hasDialog(tag.hi, tag.lo)) continue;
      r.faxTold = true;
      this.#queue(f.timeMs, `fax:${f.timeMs}`, r);
    }
  }

  /** An answer to a request within a dialog: 2xx refreshes the session timer; 481 and 408 say that the dialog is gone (RFC 3261 §12.2.1.2). */
  dialogAnswer(f: CallFacts, status: number): void {
    for (let r = this.#first(f); r; r = r.next) {
      const tag = this.#otherTag(r, f);
      if (tag && r.answeredAtMs > 0 && r.hasDialog(tag.hi, tag.lo)) this.inDialogAnswer(r, f, status);
    }
  }

  inDialogAnswer(record: CallRecord, f: CallFacts, status: number): void {
    if (record.endTold) return;
    this.#seen(record, f);
    if (status >= 200 && status < 300) this.#session(record, f);
    else if (status === 481 || status === 408) this.#close(record, f.timeMs);
  }

  /** The device at this address has started anew: its answered calls of before are gone. */
  restarted(line: string, source: string, sourcePort: number, atMs: number): void {
    for (const r of this.records())
      if (
        r.answeredAtMs > 0 &&
        !r.endTold &&
        r.lastSeenMs < atMs &&
        r.charged?.line === line &&
        r.origin?.source === source &&
        r.origin.sourcePort === sourcePort
      )
        this.#close(r, atMs);
  }

  /** Lets capture time pass: tells events that are due, closes what has expired. */
  advance(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    this.#nowMs = nowMs;
    if (this.#parked.size > 0) this.#unpark(nowMs);
    while (this.#due.firstMs <= nowMs) {
      const atMs = this.#due.firstMs;
      const record = this.#due.pop() as CallRecord;
      // A look that was moved forward leaves its old entry behind.
      if (record.dueAtMs === atMs) this.#look(record, atMs);
    }
    const until = nowMs - this.#options.reorderMs;
    while (this.#events.firstMs <= until) this.#release();
  }

  #unpark(nowMs: number): void {
    for (const [call, waiting] of this.#parked) {
      if (waiting[0].atMs + Math.max(PARKED_MS, this.#options.reorderMs) > nowMs) break;
      this.#parked.delete(call);
    }
  }

  /** The capture is over: tells all that is known. Calls still open stay open. */
  finish(): void {
    for (const record of this.records()) {
      if (record.byeAtMs > 0) this.#inferAnswer(record);
      else if (record.lastInviteCseq > record.lastChallengedCseq) this.#attempt(record);
    }
    while (this.#events.size > 0) this.#release();
  }

  /** Takes a record back that was saved before a restart; false if traffic has made it anew meanwhile or there is no room. */
  restore(record: CallRecord): boolean {
    const slot = this.#index.find(record.callHi, record.callLo);
    for (let r = slot < 0 ? null : this.#records[slot]; r; r = r.next)
      if (r.direction === record.direction && r.fromTag === record.fromTag) return false;
    if (this.#count >= this.#options.capacity) return false;
    this.#add(record);
    this.#schedule(record);
    return true;
  }

  #first(f: CallFacts): CallRecord | null {
    const slot = this.#index.find(f.callHi, f.callLo);
    return slot < 0 ? null : this.#records[slot];
  }

  /** The tag of the dialog's other end when the message belongs to the record's call, whichever side sent it; null if it does not. */
  #otherTag(r: CallRecord, f: CallFacts): { hi: number; lo: number } | null {
    if (r.fromHi === f.fromHi && r.fromLo === f.fromLo) return { hi: f.toHi, lo: f.toLo };
    if (r.fromHi === f.toHi && r.fromLo === f.toLo) return { hi: f.fromHi, lo: f.fromLo };
    return null;
  }

  #seen(record: CallRecord, f: CallFacts): void {
    if (f.timeMs > record.lastSeenMs) record.lastSeenMs = f.timeMs;
  }

  #session(record: CallRecord, f: CallFacts): void {
    if (f.sessionExpiresSeconds > 0) record.sessionExpiresSeconds = f.sessionExpiresSeconds;
    if (f.timeMs > record.refreshedAtMs) record.refreshedAtMs = f.timeMs;
  }

  /** Tells what has become known, each thing once. */
  #tell(record: CallRecord): void {
    const failed = record.failedAtMs > 0;
    const { answeredAtMs } = record;
    if (
      record.charged === null &&
      (record.ringingAtMs > 0 || answeredAtMs > 0 || failed || record.acceptedCseqs.length > 0)
    )
      record.charged = this.#options.charge(record);
    if (record.charged === null) {
      this.#schedule(record);
      return;
    }
    if (record.ringingAtMs > 0 || answeredAtMs > 0 || failed) this.#attempt(record);
    if (record.ringingAtMs > 0 && !record.ringingTold && !record.outcomeTold && !record.endTold) {
      record.ringingTold = true;
      this.#queue(record.ringingAtMs, 'ringing', record);
    }
    if (answeredAtMs > 0) {
      if (!record.answeredTold) {
        record.answeredTold = true;
        this.#queue(answeredAtMs, 'answered', record);
        if (!record.outcomeTold) {
          record.outcomeTold = true;
          this.#queue(answeredAtMs, 'outcome', record);
        }
      }
      if (record.byeAtMs > 0 && !record.endTold && this.#byeCounts(record)) {
        this.#passMarks(record, record.byeAtMs);
        record.endTold = true;
        this.#queue(Math.max(record.byeAtMs, answeredAtMs), 'ended', record);
      }
    } else if (failed && !record.outcomeTold) {
      record.outcomeTold = true;
      this.#queue(record.failedAtMs, 'outcome', record);
    }
    this.#schedule(record);
  }

  #byeCounts(record: CallRecord): boolean {
    const tag = record.byeTag;
    if (!tag || record.dialogs.length === 0 || record.hasDialog(tag.hi, tag.lo)) return true;
    record.byeAtMs = 0;
    record.byeTag = null;
    return false;
  }

  #attempt(record: CallRecord): void {
    if (record.attemptTold || record.charged === null) return;
    record.attemptTold = true;
    this.#queue(record.inviteAtMs, 'attempt', record);
  }

  #queue(atMs: number, told: Told, record: CallRecord): void {
    this.#events.push(atMs, { told, record });
  }

  /** Tells the marks that the call has passed by `untilMs`: a call that lasts exactly as long as a mark has not passed it. */
  #passMarks(record: CallRecord, untilMs: number): void {
    const { marksMs } = this;
    if (record.answeredAtMs === 0 || record.endTold || record.charged === null) return;
    while (
      record.marksPassed < marksMs.length &&
      record.answeredAtMs + marksMs[record.marksPassed] < untilMs
    ) {
      const markMs = marksMs[record.marksPassed++];
      this.#queue(record.answeredAtMs + markMs, `lasting:${markMs}`, record);
    }
  }

  /**
   * Puts the record's next look into the queue: at its expiry, at its next mark, or after a minute at the latest, so that the queue
   * never holds the record of a call long over.
   */
  #schedule(record: CallRecord): void {
    record.expiresAtMs = this.#expiryOf(record);
    const mark = this.marksMs[record.marksPassed];
    const markAtMs =
      record.answeredAtMs > 0 && !record.endTold && record.charged !== null && mark !== undefined
        ? record.answeredAtMs + mark + PAST_MARK_MS
        : Number.POSITIVE_INFINITY;
    const atMs = Math.min(record.expiresAtMs, markAtMs, Math.max(this.#nowMs, record.lastSeenMs) + LOOK_MS);
    if (atMs >= record.dueAtMs) return;
    record.dueAtMs = atMs;
    this.#due.push(atMs, record);
  }

  #expiryOf(r: CallRecord): number {
    if (r.endTold) return Math.max(r.lastSeenMs, r.byeAtMs) + LINGER_MS;
    if (r.answeredAtMs > 0) {
      if (r.sessionExpiresSeconds > 0)
        return r.refreshedAtMs + r.sessionExpiresSeconds * 1000 + SESSION_GRACE_MS;
      return r.answeredAtMs + this.#options.maximumAgeMs;
    }
    if (r.byeAtMs > 0 && r.failedAtMs === 0)
      return r.byeAtMs + Math.max(BYE_WAIT_MS, this.#options.reorderMs);
    if (r.failedAtMs > 0) return r.lastSeenMs + LINGER_MS;
    if (r.lastChallengedCseq >= r.lastInviteCseq) return r.lastSeenMs + CHALLENGE_WAIT_MS;
    return r.lastSeenMs + this.#options.unansweredAgeMs;
  }

  #look(record: CallRecord, atMs: number): void {
    record.dueAtMs = Number.POSITIVE_INFINITY;
    this.#passMarks(record, atMs);
    const expiresAtMs = this.#expiryOf(record);
    if (expiresAtMs > atMs) {
      this.#schedule(record);
      return;
    }
    const { answeredAtMs, byeAtMs, failedAtMs, endTold } = record;
    if (answeredAtMs > 0 && !endTold) this.#close(record, expiresAtMs);
    else if (byeAtMs > 0 && failedAtMs === 0 && !endTold) this.#inferAnswer(record);
    else {
      if (!record.over && record.lastInviteCseq > record.lastChallengedCseq) {
        record.charged ??= this.#options.charge(record);
        this.#attempt(record);
        this.#close(record, expiresAtMs);
      }
      this.#remove(record);
    }
  }

  /** A BYE though no final answer was seen: the capture lost the 2xx. The ACK tells when; without one the duration stays unknown. */
  #inferAnswer(record: CallRecord): void {
    if (record.answeredAtMs > 0 || record.failedAtMs > 0) return;
    record.charged ??= this.#options.charge(record);
    record.answeredAtMs = record.ackAtMs > 0 ? Math.min(record.ackAtMs, record.byeAtMs) : record.byeAtMs;
    record.answeredCseq = record.lastInviteCseq;
    if (record.byeTag) record.addDialog(record.byeTag.hi, record.byeTag.lo);
    this.#tell(record);
    // Nobody to charge: still over.
    record.endTold = true;
    this.#schedule(record);
  }

  #close(record: CallRecord, atMs: number): void {
    if (record.endTold) return;
    record.endTold = true;
    record.lastSeenMs = Math.max(record.lastSeenMs, atMs);
    if (record.charged !== null) {
      this.expired++;
      this.#queue(atMs, 'expired', record);
    }
    this.#schedule(record);
  }

  #release(): void {
    const { told, record } = this.#events.pop() as { told: Told; record: CallRecord };
    const leg = legOf(record);
    if (!leg || endedBefore(told, record)) return;
    this.#options.onEvent(eventOf(told, record, leg));
    // Saved once it is counted: a crash in between counts the event too little, never twice.
    if (told !== 'ringing') this.#options.onChange?.(record);
  }

  #add(record: CallRecord): void {
    const slot = this.#index.find(record.callHi, record.callLo);
    if (slot >= 0) {
      record.next = this.#records[slot];
      this.#records[slot] = record;
    } else {
      const free = this.#free.pop() ?? this.#records.length;
      this.#records[free] = record;
      this.#index.set(record.callHi, record.callLo, free);
    }
    this.#count++;
  }

  #remove(record: CallRecord): void {
    const slot = this.#index.find(record.callHi, record.callLo);
    if (slot < 0) return;
    let previous: CallRecord | null = null;
    for (let r = this.#records[slot]; r; previous = r, r = r.next) {
      if (r !== record) continue;
      this.#count--;
      if (previous) previous.next = r.next;
      else if (r.next) this.#records[slot] = r.next;
      else {
        this.#records[slot] = null;
        this.#free.push(slot);
        this.#index.delete(record.callHi, record.callLo);
      }
      return;
    }
  }
}

function earliest(known: number, atMs: number): number {
  return known === 0 || atMs < known ? atMs : known;
}

/** The BYE came after the clock had moved past the mark, and is no later than it. */
function endedBefore(told: Told, { byeAtMs, answeredAtMs }: CallRecord): boolean {
  if (byeAtMs === 0 || !told.startsWith('lasting:')) return false;
  return byeAtMs <= answeredAtMs + Number(told.slice('lasting:'.length));
}

function eventOf(told: Told, record: CallRecord, leg: CallLeg): CallEvent {
  switch (told) {
    case 'attempt':
      return { type: 'attempt', atMs: record.inviteAtMs, leg };
    case 'ringing':
      return { type: 'ringing', atMs: record.ringingAtMs, leg };
    case 'answered':
      return { type: 'answered', atMs: record.answeredAtMs, leg };
    case 'outcome': {
      const answered = record.answeredAtMs > 0;
      return {
        type: 'outcome',
        atMs: answered ? record.answeredAtMs : record.failedAtMs,
        leg,
        outcome: answered ? 'answered' : outcomeOf(record.failedStatus, record.cancelled),
        status: answered ? 200 : record.failedStatus,
        refusedByUs: !answered && record.refusedByUs,
      };
    }
    case 'ended': {
      const known = record.byeAtMs > 0 && record.answeredAtMs < record.byeAtMs;
      return {
        type: 'ended',
        atMs: record.byeAtMs,
        leg,
        durationMs: known ? record.byeAtMs - record.answeredAtMs : null,
        expired: false,
        ...(record.faxTold ? { fax: true } : {}),
      };
    }
    case 'expired':
      return {
        type: 'ended',
        atMs: record.lastSeenMs,
        leg,
        durationMs: null,
        expired: true,
        ...(record.faxTold ? { fax: true } : {}),
      };
    default: {
      if (told.startsWith('fax:')) return { type: 'fax', atMs: Number(told.slice('fax:'.length)), leg };
      const elapsedMs = Number(told.slice('lasting:'.length));
      return { type: 'lasting', atMs: record.answeredAtMs + elapsedMs, leg, elapsedMs };
    }
  }
}

function legOf(record: CallRecord): CallLeg | null {
  const { origin, charged } = record;
  if (!origin || !charged) return null;
  return {
    callId: record.callId,
    direction: record.direction,
    charged,
    called: origin.called,
    destination: origin.destination,
    presented: origin.presented,
    ...(origin.caller === undefined ? {} : { caller: origin.caller }),
    asserted: origin.asserted,
    userAgent: origin.userAgent,
    emergency: origin.emergency,
    startedAtMs: record.inviteAtMs,
  };
}
