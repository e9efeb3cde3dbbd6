import { createHash } from 'node:crypto';
import type { Subject } from '../../detectors/vocabulary.ts';
import type { RedisClient } from '../enforcement/functions.ts';

export type CallDirection = 'outgoing' | 'incoming';

/** What a call stands in the ledger for: one entry per subject and direction. */
interface Booking {
  readonly direction: CallDirection;
  readonly subjects: readonly Subject[];
  readonly answered?: boolean;
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

/**
 * KEYS: outgoing and incoming calls of one subject. ARGV: now, when it expires, call, limit, direction that counts, direction of
 * the call, spare lifetime of the key. Returns how many go on if that is the limit already, else -1 with the call entered. One step, so that two gates cannot both
 * take the last place.
 */
const ADMIT = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
local own = ARGV[6] == 'incoming' and KEYS[2] or KEYS[1]
if not redis.call('ZSCORE', own, ARGV[3]) then
  local open = 0
  if ARGV[5] ~= 'incoming' then open = open + redis.call('ZCARD', KEYS[1]) end
  if ARGV[5] ~= 'outgoing' then open = open + redis.call('ZCARD', KEYS[2]) end
  if open >= tonumber(ARGV[4]) then return open end
end
redis.call('ZADD', own, 'GT', ARGV[2], ARGV[3])
redis.call('PEXPIREAT', own, ARGV[2] + ARGV[7])
return -1`;

/**
 * Calls going on, by subject, in Redis: whoever decides about a call, whoever hears of its end and whoever is started anew see the same
 * ledger. Call-ID and From tag name the call (drachtio's end-of-call events name no source).
 */
export class CallLedger {
  readonly #options: LedgerOptions;
  /** Ends to be written when Redis is back. */
  readonly #owed = new Set<string>();
  /** Ends given up for want of room: those calls leave when they expire. */
  dropped = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get owed(): number {
    return this.#owed.size;
  }

  /**
   * Takes the call up for a subject with a limit.
   * @returns how many calls go on where the limit is reached, null where the call was entered
   */
  async admit(
    call: string,
    subject: Subject,
    limit: { readonly calls: number; readonly direction: CallDirection | 'both' },
  ): Promise<number | null> {
    const { redis, clock, unansweredAgeMs, maximumAgeMs } = this.#options;
    const now = Math.round(clock());
    const keys = [levelKey(subject, 'outgoing'), levelKey(subject, 'incoming')];
    const open = await redis.eval(
      ADMIT,
      2,
      ...keys,
      ...[
        now,
        Math.round(now + unansweredAgeMs),
        call,
        limit.calls,
        limit.direction,
        'outgoing',
        maximumAgeMs,
      ].map(String),
    );
    return Number(open) < 0 ? null : Number(open);
  }

  /** Enters a call for all its subjects; those that `admit` has entered already keep their place. */
  async enter(call: string, callId: string, booking: Booking): Promise<void> {
    const { redis, clock, unansweredAgeMs, maximumAgeMs } = this.#options;
    // Another branch of a call that goes on: it keeps its place and its time.
    if ((await this.#booking(call))?.answered) return;
    await Promise.all([
      this.#write(call, booking, clock() + unansweredAgeMs),
      redis.sadd(namesKey(callId), call),
      redis.pexpire(namesKey(callId), unansweredAgeMs + maximumAgeMs),
    ]);
  }

  /** The call was answered: it may last. */
  async answered(call: string): Promise<void> {
    const booking = await this.#booking(call);
    if (booking === null) return;
    const { clock, maximumAgeMs } = this.#options;
    await this.#write(call, { ...booking, answered: true }, clock() + maximumAgeMs);
  }

  /** An INVITE of the call came to nothing. It is over unless another branch of it was answered. */
  async failed(call: string): Promise<void> {
    const booking = await this.#booking(call).catch(() => null);
    if (!booking?.answered) await this.end(call);
  }

  /** The call is over. False where it is in no ledger; an end that cannot be written is remembered. */
  async end(call: string): Promise<boolean> {
    try {
      return await this.#end(call);
    } catch {
      if (this.#owed.size < MAXIMUM_OWED) this.#owed.add(call);
      else this.dropped++;
      return false;
    }
  }

  /**
   * The wire has shown the end of all calls of this Call-ID: what drachtio told nobody, because no application was connected, does not
   * stay in the ledger. Rejects while Redis is away.
   */
  async endCallId(callId: string): Promise<void> {
    const { redis } = this.#options;
    const calls = await redis.smembers(namesKey(callId));
    if (calls.length === 0) return;
    await Promise.all(calls.map((call) => this.#end(call)));
    await redis.del(namesKey(callId));
  }

  /** Takes back single entries of a call that is refused after all. */
  async leave(call: string, subjects: readonly Subject[]): Promise<void> {
    await Promise.all(
      subjects.map((subject) => this.#options.redis.zrem(levelKey(subject, 'outgoing'), call)),
    );
  }

  /** Writes the ends that Redis missed; to be called now and then. */
  async settle(): Promise<void> {
    for (const call of [...this.#owed]) {
      await this.#end(call);
      this.#owed.delete(call);
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

  async #end(call: string): Promise<boolean> {
    const booking = await this.#booking(call);
    if (booking === null) return false;
    const { redis } = this.#options;
    await Promise.all(
      booking.subjects.map((subject) => redis.zrem(levelKey(subject, booking.direction), call)),
    );
    await redis.del(callKey(call));
    return true;
  }

  async #write(call: string, booking: Booking, untilMs: number): Promise<void> {
    const { redis } = this.#options;
    const { direction, subjects } = booking;
    const until = Math.round(untilMs);
    await Promise.all([
      redis.set(callKey(call), JSON.stringify(booking), 'PXAT', until),
      ...subjects.map(async (subject) => {
        const key = levelKey(subject, direction);
        await redis.zadd(key, 'GT', until, call);
        // The key lives as long as its longest call.
        await redis.pexpireat(key, until + this.#options.maximumAgeMs);
      }),
    ]);
  }

  async #booking(call: string): Promise<Booking | null> {
    const text = await this.#options.redis.get(callKey(call));
    if (text === null) return null;
    try {
      const { direction, subjects, answered = false } = JSON.parse(text) as Booking;
      return { direction, subjects, answered };
    } catch {
      return null;
    }
  }
}

/** Names a call in the ledger; of one length, whatever the far end chose for a Call-ID. */
export function callName(callId: string, fromTag: string): string {
  return createHash('sha1').update(callId).update('\0').update(fromTag).digest('hex');
}

function levelKey({ kind, id }: Subject, direction: CallDirection): string {
  // Both directions of a subject in one slot of a cluster: one script asks for both.
  return `vigie:gate:{${kind}:${id}}:${direction}`;
}

/** Names of the calls of one Call-ID. */
function namesKey(callId: string): string {
  return `vigie:gate:names:${createHash('sha1').update(callId).digest('hex')}`;
}

function callKey(call: string): string {
  return `vigie:gate:call:${call}`;
}
