import type { Subject } from '../../detectors/vocabulary.ts';
import type { RedisClient } from '../enforcement/functions.ts';
import { callIdName, dialogName, type InviteIds, placeName, transactionName } from './call-names.ts';
import { ADMIT, ANSWER, ENTER, FREE } from './ledger-scripts.ts';

export type CallDirection = 'outgoing' | 'incoming';

export interface CallLimit {
  readonly subject: Subject;
  readonly rule: string;
  readonly calls: number;
  readonly direction: CallDirection | 'both';
}

/** An INVITE that would begin a call. */
export interface Attempt extends InviteIds {
  readonly requestUser: string;
}

/** Whom a call counts for; nobody: it is only remembered as one that was let through. */
interface Booking {
  readonly direction: CallDirection;
  readonly subjects: readonly Subject[];
  /** Limits that it was let through under. */
  readonly limits: readonly CallLimit[];
}

/** As it is kept: an attempt under the name of its transaction, an answered call under that of its dialog. */
interface Kept extends Booking {
  readonly callIdName: string;
  /** What it shares with the other branches; null: it was answered. */
  readonly place: string | null;
  /** Rule of the limit that the call is beyond; null: none. */
  readonly excess: string | null;
}

export interface LedgerOptions {
  readonly redis: RedisClient;
  /** Wall clock, ms since the epoch. */
  readonly clock: () => number;
  /** A call that was never answered leaves after this long, one without an end after `maximumAgeMs`. */
  readonly unansweredAgeMs: number;
  readonly maximumAgeMs: number;
}

/** Ends that could not be written while Redis was away, kept at most. */
const MAXIMUM_OWED = 10_000;
/** Branches of one fork, to one called number, that share a place at a time. A caller of ill will can ring so many under one. */
const MAXIMUM_BRANCHES = 4;
/** Of one Call-ID, looked at when the wire shows an end: a call between two of our lines has two. */
const MAXIMUM_NAMES = 16;
const DIRECTIONS: readonly CallDirection[] = ['outgoing', 'incoming'];

/**
 * Calls going on, by subject, in Redis: whoever decides about a call, whoever hears of its end and whoever is started anew see the same
 * ledger. Until it is answered a call is known by its INVITE transaction, then by its dialog: of many calls under one Call-ID and
 * From tag each has a place of its own.
 */
export class CallLedger {
  readonly #options: LedgerOptions;
  /** Ends to be written when Redis is back. */
  readonly #owed = new Set<string>();
  /** The last answer or end of each Call-ID that is being written. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Ends given up for want of room: those calls leave when they expire. */
  dropped = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get owed(): number {
    return this.#owed.size;
  }

  /**
   * Takes the attempt up for a subject with a limit.
   * @returns how many calls go on where the limit is reached, null where the attempt was entered
   */
  async admit(attempt: Attempt, limit: CallLimit): Promise<number | null> {
    const { redis, clock, unansweredAgeMs, maximumAgeMs } = this.#options;
    const now = Math.round(clock());
    const { subject } = limit;
    const place = placeName(attempt, attempt.requestUser);
    const open = await redis.eval(
      ADMIT,
      3,
      levelKey(subject, 'outgoing'),
      levelKey(subject, 'incoming'),
      branchesKey(subject, place),
      ...[
        now,
        Math.round(now + unansweredAgeMs),
        place,
        limit.calls,
        limit.direction,
        maximumAgeMs,
        transactionName(attempt),
        MAXIMUM_BRANCHES,
      ].map(String),
    );
    return Number(open) < 0 ? null : Number(open);
  }

  /** Enters an attempt for all its subjects; those that `admit` has entered already keep their place. */
  async enter(attempt: Attempt, booking: Booking): Promise<void> {
    const { redis, clock, unansweredAgeMs, maximumAgeMs } = this.#options;
    const transaction = transactionName(attempt);
    const place = placeName(attempt, attempt.requestUser);
    const untilMs = clock() + unansweredAgeMs;
    const kept: Kept = { ...booking, place, callIdName: callIdName(attempt.callId), excess: null };
    // All of it is written before anything is waited for: what is heard of the call next is written after it.
    await Promise.all([
      this.#keep(transaction, kept, untilMs),
      ...booking.subjects.map((subject) =>
        redis.eval(
          ENTER,
          2,
          levelKey(subject, booking.direction),
          branchesKey(subject, place),
          ...[Math.round(untilMs), place, maximumAgeMs, transaction].map(String),
        ),
      ),
    ]);
  }

  /**
   * The call was answered: it may last. May be told more than once.
   * @returns rule of the limit that it is beyond, because another branch of its fork was answered before; null: it is within
   */
  answered(invite: InviteIds, toTag: string): Promise<string | null> {
    return this.#inTurn(invite.callId, () => this.#answered(invite, toTag));
  }

  async #answered(invite: InviteIds, toTag: string): Promise<string | null> {
    const transaction = transactionName(invite);
    const attempt = await this.#kept(transaction);
    const dialog = dialogName(invite.callId, invite.fromTag, toTag);
    if (attempt === null || attempt.place === null)
      return (await this.#kept(answeredName(dialog, 'outgoing')))?.excess ?? null;
    const { redis, clock, maximumAgeMs } = this.#options;
    const { direction, place, subjects, limits } = attempt;
    const until = Math.round(clock() + maximumAgeMs);
    const counts = await Promise.all(
      subjects.map((subject) =>
        redis.eval(
          ANSWER,
          3,
          levelKey(subject, direction),
          branchesKey(subject, place),
          levelKey(subject, direction === 'outgoing' ? 'incoming' : 'outgoing'),
          ...[until, place, maximumAgeMs, dialog].map(String),
        ),
      ),
    );
    const beyond = limits.find(({ subject, calls, direction: counted }) => {
      const at = subjects.findIndex(({ kind, id }) => kind === subject.kind && id === subject.id);
      if (at < 0) return false;
      const [isNew, own, other] = counts[at] as [number, number, number];
      return isNew === 1 && own + (counted === 'both' ? other : 0) > calls;
    });
    const excess = beyond?.rule ?? null;
    await Promise.all([
      this.#keep(answeredName(dialog, direction), { ...attempt, place: null, excess }, until),
      this.#drop(transaction, attempt),
    ]);
    return excess;
  }

  /** An INVITE came to nothing. Another branch of it keeps the place. */
  async failed(invite: InviteIds): Promise<void> {
    await this.#endOrOwe(transactionName(invite));
  }

  /** The dialog is over. False where it is in no ledger; an end that cannot be written is remembered. */
  async end(callId: string, tag: string, otherTag: string): Promise<boolean> {
    const dialog = dialogName(callId, tag, otherTag);
    const ended = await this.#inTurn(callId, () =>
      Promise.all(DIRECTIONS.map((direction) => this.#endOrOwe(answeredName(dialog, direction)))),
    );
    return ended.some((was) => was);
  }

  /** The tags are those of a call that was let through and answered, whichever end they are told by. Rejects while Redis is away. */
  async knows(callId: string, tag: string, otherTag: string): Promise<boolean> {
    const dialog = dialogName(callId, tag, otherTag);
    const keys = DIRECTIONS.map((direction) => callKey(answeredName(dialog, direction)));
    return (await this.#options.redis.exists(...keys)) > 0;
  }

  /** Another INVITE under this Call-ID has a place. Rejects while Redis is away. */
  async knowsCallId(callId: string): Promise<boolean> {
    return (await this.#options.redis.exists(namesKey(callIdName(callId)))) > 0;
  }

  /**
   * The wire has shown the end of the call of this Call-ID: what drachtio told nobody, because no application was connected, does not
   * stay in the ledger. Where several calls go on under it the wire does not say which, and none is ended. Rejects while Redis is away.
   */
  async endCallId(callId: string): Promise<void> {
    const names = await this.#options.redis.srandmember(namesKey(callIdName(callId)), MAXIMUM_NAMES);
    const kept = await Promise.all(names.map((name) => this.#kept(name)));
    const alive = names.filter((_name, index) => kept[index] !== null);
    // A call between two of our lines goes through twice, under one dialog.
    if (new Set(alive.map((name) => name.split(':')[0])).size > 1) return;
    await Promise.all(alive.map((name) => this.#end(name)));
  }

  /** Takes back single entries of an attempt that is refused after all. */
  async leave(attempt: Attempt, subjects: readonly Subject[]): Promise<void> {
    const place = placeName(attempt, attempt.requestUser);
    await Promise.all(
      subjects.map((subject) => this.#free(subject, 'outgoing', place, transactionName(attempt))),
    );
  }

  /** Writes the ends that Redis missed; to be called now and then. */
  async settle(): Promise<void> {
    for (const name of [...this.#owed]) {
      await this.#end(name);
      this.#owed.delete(name);
    }
  }

  /** Calls of the subject going on. */
  async open(subject: Subject, direction: CallDirection): Promise<number> {
    return this.#options.redis.zcount(
      levelKey(subject, direction),
      Math.round(this.#options.clock()),
      '+inf',
    );
  }

  /** An answer is told up to three times: written after the end, it would leave a call that nothing ends. */
  #inTurn<T>(callId: string, write: () => Promise<T>): Promise<T> {
    const written = (this.#turns.get(callId) ?? Promise.resolve()).then(write);
    const turn = written.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(callId, turn);
    void turn.then(() => {
      if (this.#turns.get(callId) === turn) this.#turns.delete(callId);
    });
    return written;
  }

  async #endOrOwe(name: string): Promise<boolean> {
    try {
      return await this.#end(name);
    } catch {
      if (this.#owed.size < MAXIMUM_OWED) this.#owed.add(name);
      else this.dropped++;
      return false;
    }
  }

  async #end(name: string): Promise<boolean> {
    const kept = await this.#kept(name);
    if (kept === null) return false;
    const { direction, subjects, place } = kept;
    // Written at once after the one reading: a repetition with credentials finds the place free.
    await Promise.all([
      ...subjects.map((subject) =>
        place === null
          ? this.#options.redis.zrem(levelKey(subject, direction), name.split(':')[0])
          : this.#free(subject, direction, place, name),
      ),
      this.#drop(name, kept),
    ]);
    return true;
  }

  #free(subject: Subject, direction: CallDirection, place: string, transaction: string): Promise<unknown> {
    return this.#options.redis.eval(
      FREE,
      2,
      levelKey(subject, direction),
      branchesKey(subject, place),
      place,
      transaction,
    );
  }

  async #keep(name: string, kept: Kept, untilMs: number): Promise<void> {
    const { redis, unansweredAgeMs, maximumAgeMs } = this.#options;
    const names = namesKey(kept.callIdName);
    await Promise.all([
      redis.set(callKey(name), JSON.stringify(kept), 'PXAT', Math.round(untilMs)),
      redis.sadd(names, name),
      redis.pexpire(names, unansweredAgeMs + maximumAgeMs),
    ]);
  }

  async #drop(name: string, { callIdName: of }: Kept): Promise<void> {
    const { redis } = this.#options;
    await Promise.all([redis.del(callKey(name)), redis.srem(namesKey(of), name)]);
  }

  async #kept(name: string): Promise<Kept | null> {
    const text = await this.#options.redis.get(callKey(name));
    if (text === null) return null;
    try {
      const { direction, subjects, limits, callIdName: of, place, excess } = JSON.parse(text) as Kept;
      if (!Array.isArray(subjects) || !Array.isArray(limits) || typeof of !== 'string') return null;
      return { direction, subjects, limits, callIdName: of, place, excess };
    } catch {
      return null;
    }
  }
}

/** Between two of our lines one dialog may be booked twice, as the caller's and as the called one's. */
function answeredName(dialog: string, direction: CallDirection): string {
  return `${dialog}:${direction}`;
}

function levelKey({ kind, id }: Subject, direction: CallDirection): string {
  // All keys of a subject in one slot of a cluster: one script asks for them.
  return `vigie:gate:{${kind}:${id}}:${direction}`;
}

/** Transactions that share a place. */
function branchesKey({ kind, id }: Subject, place: string): string {
  return `vigie:gate:{${kind}:${id}}:branches:${place}`;
}

/** Names of what goes on under one Call-ID. */
function namesKey(name: string): string {
  return `vigie:gate:names:${name}`;
}

function callKey(name: string): string {
  return `vigie:gate:call:${name}`;
}
