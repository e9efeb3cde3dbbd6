import type { CallEvent, Charged } from '../../detectors/vocabulary.ts';
import { CallEventQueue, type Told } from './call-event-queue.ts';
import { type CallAges, expiryOf } from './call-expiry.ts';
import { type CallFacts, otherEnd } from './call-facts.ts';
import { type CallOrigin, CallRecord, type Direction, type TagHash } from './call-record.ts';
import { CallTable } from './call-table.ts';
import { ParkedMessages } from './parked-messages.ts';
import { TimeHeap } from './time-heap.ts';

export interface CallTrackerOptions extends CallAges {
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

/** Every record is looked at this often at least. */
const LOOK_MS = 60_000;
/** Devices that have started anew and wait for their calls to be closed. */
const MAXIMUM_RESTARTS = 4096;
/** Signs of life are told once in so long. */
const ALIVE_EVERY_MS = 300_000;
/** A mark is looked at so long after it: less than a capture's microsecond, more than what a double of today's time can tell apart. */
const PAST_MARK_MS = 0.0005;

/**
 * Follows attempts and calls, as the definitions of attempt, answered, duration and simultaneous calls have it. Order of arrival, repetition and
 * loss of messages are expected: a record keeps first times only, and events are told in time order after `reorderMs`.
 */
export class CallTracker {
  readonly #options: CallTrackerOptions;
  readonly #table = new CallTable();
  readonly #events: CallEventQueue;
  readonly #due = new TimeHeap<CallRecord>();
  readonly #parked: ParkedMessages;
  #nowMs = Number.NEGATIVE_INFINITY;
  #marksMs: readonly number[];
  /** Devices that have started anew, and when; their calls are closed from #restartsDueMs on. */
  readonly #restarts = new Map<string, number>();
  #restartsDueMs = Number.POSITIVE_INFINITY;
  /** Calls not followed because the table was full. */
  refused = 0;
  /** Legs closed by a timer, not by a BYE. */
  expired = 0;

  constructor(options: CallTrackerOptions) {
    this.#options = options;
    this.#marksMs = options.marksMs;
    this.#events = new CallEventQueue(options, options.onEvent, options.onChange);
    this.#parked = new ParkedMessages(options.reorderMs);
  }

  get size(): number {
    return this.#table.size;
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

  records(): Generator<CallRecord> {
    return this.#table.records();
  }

  /** The record of an initial INVITE's direction, tag and CSeq, or null. */
  find(f: CallFacts, direction: Direction): CallRecord | null {
    for (let r = this.#first(f); r; r = r.next)
      if (
        r.direction === direction &&
        r.fromHi === f.fromHi &&
        r.fromLo === f.fromLo &&
        (r.sinceCseq === 0 || f.cseq >= r.sinceCseq)
      )
        return r;
    return null;
  }

  /**
   * The record that an initial INVITE belongs to. Where the one of its tag has been answered, a further INVITE without To-tag begins another
   * call, unless the called party gives no tags: then nothing tells it from a re-INVITE (RFC 2543).
   */
  findFor(f: CallFacts, direction: Direction): CallRecord | null {
    const record = this.find(f, direction);
    return record !== null && record.dialogs.length > 0 && f.cseq > record.lastInviteCseq ? null : record;
  }

  /**
   * Keeps a message of a Call-ID that nothing is known of until its INVITE comes.
   * @returns false if the Call-ID is known: there is nothing to wait for
   */
  park(f: CallFacts, again: (f: CallFacts) => void): boolean {
    if (this.#first(f) !== null) return false;
    this.#parked.park(f, this.#nowMs, again);
    return true;
  }

  /**
   * Makes the record of an initial INVITE's direction and tag; `findFor` has found none.
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
    if (this.#table.size >= capacity * share) {
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
    for (let r = this.#first(f); r; r = r.next) {
      if (r.direction !== direction) continue;
      const sameTag = r.fromHi === f.fromHi && r.fromLo === f.fromLo;
      if (sameTag) record.sinceCseq = f.cseq;
      record.apart = record.sinceCseq > 0 ? `${texts.fromTag} ${f.cseq}` : texts.fromTag;
    }
    this.#table.add(record);
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
    record.seen(f.timeMs);
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
    this.#parked.resume(f.callLo);
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
    record.seen(f.timeMs);
    record.lastInviteCseq = Math.max(record.lastInviteCseq, f.cseq);
    if (status === 401 || status === 407)
      record.lastChallengedCseq = Math.max(record.lastChallengedCseq, f.cseq);
    else if (status > 100 && status !== 403) record.addAcceptedCseq(f.cseq);
    if (status >= 180 && status < 200) record.ringingAtMs = earliest(record.ringingAtMs, f.timeMs);
    else if (status >= 200 && status < 300) {
      if (record.answeredAtMs === 0 || f.timeMs < record.answeredAtMs) record.answeredAtMs = f.timeMs;
      record.answeredCseq = answeredCseq === 0 ? f.cseq : Math.min(answeredCseq, f.cseq);
      record.answeredBy(f.toHi, f.toLo, toTag, f.timeMs);
      record.refresh(f.timeMs, f.sessionExpiresSeconds);
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
    record.seen(f.timeMs);
    record.cancelled = true;
  }

  /** An ACK whose branch is not the INVITE's: the caller confirms a 2xx (RFC 3261 §13.2.2.4). */
  ack(f: CallFacts): void {
    if (this.park(f, (facts) => this.ack(facts))) return;
    for (let r = this.#first(f); r; r = r.next) {
      if (r.fromHi !== f.fromHi || r.fromLo !== f.fromLo) continue;
      r.seen(f.timeMs);
      if (r.ackAtMs === 0 || f.timeMs < r.ackAtMs) r.ackAtMs = f.timeMs;
    }
  }

  /** A BYE of either side. It ends every leg whose dialog it names; one that names another dialog of the Call-ID is no end. */
  bye(f: CallFacts): void {
    if (this.park(f, (facts) => this.bye(facts))) return;
    for (let r = this.#first(f); r; r = r.next) {
      const tag = otherEnd(r, f);
      // An end that has been told may still move back to an earlier BYE, as long as its event waits.
      if (!tag || (r.endTold && r.byeAtMs === 0)) continue;
      if (r.dialogs.length > 0 && !r.hasDialog(tag.hi, tag.lo)) continue;
      if (r.sinceCseq > 0 && r.dialogs.length === 0 && this.#isAnothers(r, tag)) continue;
      r.seen(f.timeMs);
      if (!r.endTold && r.dropsFork(tag, f.timeMs)) {
        this.#options.onChange?.(r);
        continue;
      }
      if (r.byeAtMs === 0 || f.timeMs < r.byeAtMs) {
        // The end that waits has its place by the later BYE: one more, at its own time, is told first.
        const earlier = r.endTold && r.byeAtMs > 0;
        r.byeAtMs = f.timeMs;
        r.byeTag = tag;
        if (earlier) this.#queue(Math.max(f.timeMs, r.answeredAtMs), 'ended', r);
      }
      this.#tell(r);
    }
  }

  /** The dialog is that of the call whose Call-ID and From-tag this one has taken up again. */
  #isAnothers(record: CallRecord, tag: TagHash): boolean {
    for (let r = record.next; r; r = r.next)
      if (r.direction === record.direction && r.hasDialog(tag.hi, tag.lo)) return true;
    return false;
  }

  /** The final answer to a BYE: of a call whose BYE does not come either, it is the end. */
  byeAnswer(f: CallFacts): void {
    for (let r = this.#first(f); r; r = r.next) {
      if (r.byeAtMs > 0 || r.endTold || r.answeredAtMs === 0) continue;
      const tag = otherEnd(r, f);
      // Of several forks the caller drops all but one.
      if (!tag || r.dialogs.length > 1 || !r.hasDialog(tag.hi, tag.lo)) continue;
      r.seen(f.timeMs);
      r.byeAnswerAtMs = earliest(r.byeAnswerAtMs, f.timeMs);
      this.#schedule(r);
    }
  }

  /** Any other request within a dialog: the call is alive. */
  inDialogRequest(f: CallFacts): void {
    for (let r = this.#first(f); r; r = r.next) if (otherEnd(r, f)) r.seen(f.timeMs);
  }

  /** The call turns to T.38: of the legs in this dialog each is told so once. */
  fax(f: CallFacts): void {
    for (let r = this.#first(f); r; r = r.next) {
      if (r.faxTold || r.answeredAtMs === 0 || r.endTold || r.charged === null) continue;
      const tag = otherEnd(r, f);
      if (!tag || !r.hasDialog(tag.hi, tag.lo)) continue;
      r.faxTold = true;
      this.#queue(f.timeMs, `fax:${f.timeMs}`, r);
    }
  }

  /** An answer to a request within a dialog: 2xx refreshes the session timer; 481 and 408 say that the dialog is gone (RFC 3261 §12.2.1.2). */
  dialogAnswer(f: CallFacts, status: number): void {
    for (let r = this.#first(f); r; r = r.next) {
      const tag = otherEnd(r, f);
      if (tag && r.answeredAtMs > 0 && r.hasDialog(tag.hi, tag.lo)) this.inDialogAnswer(r, f, status);
    }
  }

  inDialogAnswer(record: CallRecord, f: CallFacts, status: number): void {
    if (record.endTold) return;
    record.seen(f.timeMs);
    if (status >= 200 && status < 300) this.#alive(record, f);
    else if (status === 481 || status === 408) this.#close(record, f.timeMs);
  }

  /** A 2xx within the dialog: both ends are there. */
  #alive(record: CallRecord, f: CallFacts): void {
    const beforeMs = Math.max(record.answeredAtMs, record.refreshedAtMs);
    record.refresh(f.timeMs, f.sessionExpiresSeconds);
    this.#schedule(record);
    if (record.charged !== null && f.timeMs > beforeMs && sliceOf(f.timeMs) !== sliceOf(beforeMs))
      this.#queue(f.timeMs, `alive:${f.timeMs}`, record);
  }

  /**
   * The device at this address has started anew: its answered calls of before are gone. All calls are walked for that, so devices
   * that start together, as after a power cut, are gathered for half of the time that events wait anyway.
   */
  restarted(line: string, source: string, sourcePort: number, atMs: number): void {
    if (this.#restarts.size === 0) this.#restartsDueMs = atMs + this.#options.reorderMs / 2;
    this.#restarts.set(deviceName(line, source, sourcePort), atMs);
    if (this.#restarts.size >= MAXIMUM_RESTARTS) this.#closeRestarted();
  }

  #closeRestarted(): void {
    if (this.#restarts.size === 0) return;
    for (const r of this.records()) {
      if (r.answeredAtMs === 0 || r.endTold || !r.charged?.line || !r.origin) continue;
      const atMs = this.#restarts.get(deviceName(r.charged.line, r.origin.source, r.origin.sourcePort));
      if (atMs !== undefined && r.lastSeenMs < atMs) this.#close(r, atMs);
    }
    this.#restarts.clear();
    this.#restartsDueMs = Number.POSITIVE_INFINITY;
  }

  /** Lets capture time pass: tells events that are due, closes what has expired. */
  advance(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    this.#nowMs = nowMs;
    this.#parked.expire(nowMs);
    if (nowMs >= this.#restartsDueMs) this.#closeRestarted();
    while (this.#due.firstMs <= nowMs) {
      const atMs = this.#due.firstMs;
      const record = this.#due.pop() as CallRecord;
      // A look that was moved forward leaves its old entry behind.
      if (record.dueAtMs === atMs) this.#look(record, atMs);
    }
    this.#events.release(nowMs - this.#options.reorderMs);
  }

  /** The capture is over: tells all that is known. Calls still open stay open. */
  finish(): void {
    this.#closeRestarted();
    for (const record of this.records()) {
      if (record.byeAtMs > 0) this.#inferAnswer(record);
      else if (record.lastInviteCseq > record.lastChallengedCseq) {
        record.charged ??= this.#options.charge(record);
        this.#attempt(record);
      }
    }
    this.#events.release(Number.POSITIVE_INFINITY);
  }

  /** Takes a record back that was saved before a restart; false if traffic has made it anew meanwhile or there is no room. */
  restore(record: CallRecord): boolean {
    for (let r = this.#table.first(record.callHi, record.callLo); r; r = r.next)
      if (
        r.direction === record.direction &&
        r.fromTag === record.fromTag &&
        r.sinceCseq === record.sinceCseq
      )
        return false;
    if (this.#table.size >= this.#options.capacity) return false;
    this.#table.add(record);
    this.#schedule(record);
    return true;
  }

  #first(f: CallFacts): CallRecord | null {
    return this.#table.first(f.callHi, f.callLo);
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
    this.#events.push(atMs, told, record);
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
    const expiresAtMs = expiryOf(record, this.#options);
    const mark = this.marksMs[record.marksPassed];
    const markAtMs =
      record.answeredAtMs > 0 && !record.endTold && record.charged !== null && mark !== undefined
        ? record.answeredAtMs + mark + PAST_MARK_MS
        : Number.POSITIVE_INFINITY;
    const atMs = Math.min(expiresAtMs, markAtMs, Math.max(this.#nowMs, record.lastSeenMs) + LOOK_MS);
    if (atMs >= record.dueAtMs) return;
    record.dueAtMs = atMs;
    this.#due.push(atMs, record);
  }

  #look(record: CallRecord, atMs: number): void {
    record.dueAtMs = Number.POSITIVE_INFINITY;
    this.#passMarks(record, atMs);
    const expiresAtMs = expiryOf(record, this.#options);
    if (expiresAtMs > atMs) {
      this.#schedule(record);
      return;
    }
    const { answeredAtMs, byeAtMs, failedAtMs, endTold } = record;
    if (answeredAtMs > 0 && !endTold && record.byeAnswerAtMs > 0) {
      record.byeAtMs = record.byeAnswerAtMs;
      this.#tell(record);
    } else if (answeredAtMs > 0 && !endTold) this.#close(record, expiresAtMs);
    else if (byeAtMs > 0 && failedAtMs === 0 && !endTold) this.#inferAnswer(record);
    else {
      if (!record.over && record.lastInviteCseq > record.lastChallengedCseq) {
        record.charged ??= this.#options.charge(record);
        this.#attempt(record);
        this.#close(record, expiresAtMs);
      }
      this.#table.remove(record);
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
}

const deviceName = (line: string, source: string, port: number): string => `${line} ${source} ${port}`;

function sliceOf(atMs: number): number {
  return Math.floor(atMs / ALIVE_EVERY_MS);
}

function earliest(known: number, atMs: number): number {
  return known === 0 || atMs < known ? atMs : known;
}
