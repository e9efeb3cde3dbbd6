import type { Charged, Destination, Outcome } from '../../detectors/vocabulary.ts';

export type Direction = 'outgoing' | 'incoming';

/** Tags of one side of a dialog as their 64-bit hash; 0, 0 where the message had none. */
export interface TagHash {
  readonly hi: number;
  readonly lo: number;
}

/** Facts about an INVITE's sender that the tracker keeps for whoever attributes the call; opaque to it. */
export interface CallOrigin {
  readonly presented: string;
  /** What `presented` is as a number; absent in records written before it was kept. */
  readonly caller?: Destination;
  readonly called: string;
  readonly destination: Destination;
  readonly asserted: string | null;
  readonly userAgent: string;
  readonly emergency: boolean;
  /** Address and port on the customer's side, as text. */
  readonly source: string;
  readonly sourcePort: number;
}

const MAXIMUM_DIALOGS = 4;
const MAXIMUM_CSEQS = 8;
const MAXIMUM_BRANCHES = 16;
/** Lists that are empty for most calls: one for all. */
const NO_NUMBERS: readonly number[] = [];
const NO_TAGS: readonly TagHash[] = [];
/** How long a caller takes to send BYE to the fork that it does not keep. */
const FORK_CHOICE_MS = 5_000;

/**
 * What is known of one leg of a call. Every fact is a first time (the smallest seen), so that the order in which messages arrive
 * does not matter: the same messages give the same record. 0 stands for "not seen".
 */
export class CallRecord {
  readonly callId: string;
  readonly callHi: number;
  readonly callLo: number;
  readonly direction: Direction;
  readonly fromTag: string;
  readonly fromHi: number;
  readonly fromLo: number;
  /** Next record of the same Call-ID (the other leg, another From-tag). */
  next: CallRecord | null = null;

  /** What tells the call from others under its Call-ID; null where there was none when it began. */
  apart: string | null = null;
  /** Of a call that begins where another of the same Call-ID and From-tag had been answered: its first CSeq. Answers to lower ones are the other's. */
  sinceCseq = 0;
  origin: CallOrigin | null = null;
  charged: Charged | null = null;
  /** Line whose credentials an INVITE carried; charged once the proxy has accepted them. */
  claim: string | null = null;

  inviteAtMs = 0;
  /** Highest CSeq of an INVITE seen, and of one answered 401/407. */
  lastInviteCseq = 0;
  lastChallengedCseq = 0;
  ringingAtMs = 0;
  answeredAtMs = 0;
  answeredCseq = 0;
  /** An ACK that is not the answer to a failure: the call was answered even if the capture lost the 2xx. */
  ackAtMs = 0;
  failedAtMs = 0;
  failedStatus = 0;
  refusedByUs = false;
  cancelled = false;
  byeAtMs = 0;
  byeTag: TagHash | null = null;
  /** A BYE was answered: the capture may have lost the BYE itself. */
  byeAnswerAtMs = 0;
  lastSeenMs = 0;
  /** RFC 4028 Session-Expires of the dialog in seconds, 0 for none, and when it was last refreshed. */
  sessionExpiresSeconds = 0;
  refreshedAtMs = 0;

  attemptTold = false;
  ringingTold = false;
  answeredTold = false;
  outcomeTold = false;
  endTold = false;
  /** The end by BYE has left the queue. */
  endOut = false;
  faxTold = false;
  /** Of the marks that rules asked for, how many the call has passed. */
  marksPassed = 0;
  /** When the tracker looks at the record next. */
  dueAtMs = Number.POSITIVE_INFINITY;

  /** CSeq numbers of INVITEs with credentials, and those whose answer shows that the proxy accepted them. */
  credentialCseqs: readonly number[] = NO_NUMBERS;
  acceptedCseqs: readonly number[] = NO_NUMBERS;
  /** To-tags of the 2xx, one per dialog of a forked call. */
  dialogs: readonly TagHash[] = NO_TAGS;
  dialogTag: string | null = null;
  /** Set once a second fork has answered: when, the text of its To-tag, and what was dropped since. */
  fork: { readonly atMs: number; readonly tag: string | null; readonly dropped: TagHash[] } | null = null;
  /** Incoming leg: branches (low hash word) still without a final answer: the call fails when all have failed. */
  openBranches: readonly number[] = NO_NUMBERS;

  constructor(
    callId: string,
    callHi: number,
    callLo: number,
    direction: Direction,
    fromTag: string,
    fromHi: number,
    fromLo: number,
  ) {
    this.callId = callId;
    this.callHi = callHi;
    this.callLo = callLo;
    this.direction = direction;
    this.fromTag = fromTag;
    this.fromHi = fromHi;
    this.fromLo = fromLo;
  }

  /** A final answer of any kind, or the end, is known. */
  get over(): boolean {
    return this.endTold || (this.failedAtMs > 0 && this.answeredAtMs === 0);
  }

  /** A message of the call was captured at this time. */
  seen(atMs: number): void {
    if (atMs > this.lastSeenMs) this.lastSeenMs = atMs;
  }

  /** A 2xx starts the session timer anew. */
  refresh(atMs: number, sessionExpiresSeconds: number): void {
    if (sessionExpiresSeconds > 0) this.sessionExpiresSeconds = sessionExpiresSeconds;
    if (atMs > this.refreshedAtMs) this.refreshedAtMs = atMs;
  }

  /** The dialog of the tag is known, or none is known yet. */
  hasDialog(hi: number, lo: number): boolean {
    for (const tag of this.dialogs) if (tag.hi === hi && tag.lo === lo) return true;
    return false;
  }

  addDialog(hi: number, lo: number): void {
    if ((hi !== 0 || lo !== 0) && this.dialogs.length < MAXIMUM_DIALOGS && !this.hasDialog(hi, lo))
      this.dialogs = this.dialogs.concat({ hi, lo });
  }

  /** A 2xx at this time answers the call: the first one, or that of another fork. */
  answeredBy(hi: number, lo: number, tag: string | null, atMs: number): void {
    // A dropped fork that has not heard the ACK says it again.
    if (this.fork?.dropped.some((gone) => gone.hi === hi && gone.lo === lo)) return;
    this.addDialog(hi, lo);
    this.dialogTag ??= tag;
    if (this.dialogs.length > 1) this.fork ??= { atMs, tag, dropped: [] };
  }

  /**
   * Where several forks have answered, the caller keeps one and sends BYE to the rest (RFC 3261 §13.2.2.4): such a BYE ends its own dialog,
   * not the call. One to the first that answered ends the call, unless it follows so soon on the second answer that the second was kept.
   * @returns true if the BYE has dropped a fork and the call goes on
   */
  dropsFork({ hi, lo }: TagHash, atMs: number): boolean {
    if (this.dialogs.length < 2 || this.fork === null) return false;
    const at = this.dialogs.findIndex((tag) => tag.hi === hi && tag.lo === lo);
    if (at < 0 || (at === 0 && atMs - this.fork.atMs > FORK_CHOICE_MS)) return false;
    this.fork.dropped.push(this.dialogs[at]);
    this.dialogs = this.dialogs.toSpliced(at, 1);
    if (at === 0) this.dialogTag = this.fork.tag;
    return true;
  }

  addCredentialCseq(cseq: number): void {
    this.credentialCseqs = remembered(this.credentialCseqs, cseq, MAXIMUM_CSEQS);
  }

  addAcceptedCseq(cseq: number): void {
    this.acceptedCseqs = remembered(this.acceptedCseqs, cseq, MAXIMUM_CSEQS);
  }

  /** The proxy accepted credentials that an INVITE of this call carried. */
  get credentialsAccepted(): boolean {
    return this.credentialCseqs.some((cseq) => this.acceptedCseqs.includes(cseq));
  }

  openBranch(branch: number): void {
    this.openBranches = remembered(this.openBranches, branch, MAXIMUM_BRANCHES);
  }

  /** Notes a branch's final failure; true when no branch is left open. */
  closeBranch(branch: number): boolean {
    const open = this.openBranches.filter((known) => known !== branch);
    this.openBranches = open.length === 0 ? NO_NUMBERS : open;
    return this.openBranches.length === 0;
  }
}

/** The list with the value, without its oldest if it were too long. A new list, exactly as long as it is: push leaves room for 16. */
function remembered(list: readonly number[], value: number, maximum: number): readonly number[] {
  if (list.includes(value)) return list;
  return (list.length >= maximum ? list.slice(1) : list).concat(value);
}

/** The outcome that a final failure status stands for. 487 without a CANCEL is the proxy giving up on ringing. */
export function outcomeOf(status: number, cancelled: boolean): Outcome {
  if (status === 486 || status === 600) return 'busy';
  if (status === 487) return cancelled ? 'cancelled' : 'no-answer';
  if (status === 408 || status === 480) return 'no-answer';
  return status >= 500 && status < 600 ? 'failed' : 'rejected';
}
