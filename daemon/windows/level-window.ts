import { CLOSED_MS, LEVEL_LATENESS_MS, LEVEL_MEMBERS, LEVEL_SAMPLES } from './bounds.ts';

interface Member {
  /** Time of the last word on this member. */
  wordMs: number;
  open: boolean;
  /** When it counts no longer; of a closed member, when it is forgotten. */
  expiresAtMs: number;
}

/** Purged at most once in this many updates, or when full. */
const PURGE_EVERY = 64;

/**
 * Items open now. The word with the latest time on a member holds, `closed` at equal times: opening twice is opening once (with the
 * expiry said last), closing what is not open changes nothing, and an opening that comes after the closing it preceded
 * opens nothing, for up to ten minutes.
 */
export class LevelWindow {
  readonly #members = new Map<string, Member>();
  #updates = 0;

  update(member: string, atMs: number, open: boolean, expiresAtMs: number): void {
    if (++this.#updates % PURGE_EVERY === 0 || this.#members.size >= LEVEL_MEMBERS) this.#purge(atMs);
    const known = this.#members.get(member);
    if (
      known !== undefined &&
      (open ? atMs < known.wordMs || (atMs === known.wordMs && !known.open) : atMs < known.wordMs)
    ) {
      return;
    }
    const until = open ? expiresAtMs : Math.min(Math.max(expiresAtMs, atMs), atMs + CLOSED_MS);
    if (known !== undefined) {
      known.wordMs = atMs;
      known.open = open;
      known.expiresAtMs = until;
    } else if (this.#members.size < LEVEL_MEMBERS) {
      this.#members.set(member, { wordMs: atMs, open, expiresAtMs: until });
    }
  }

  /** Members open and not expired at `atMs`, and some of them. */
  openAt(atMs: number): { open: number; samples: string[] } {
    let open = 0;
    const samples: string[] = [];
    for (const [member, state] of this.#members) {
      if (!state.open || state.expiresAtMs <= atMs) continue;
      open++;
      if (samples.length < LEVEL_SAMPLES) samples.push(member);
    }
    return { open, samples };
  }

  #purge(atMs: number): void {
    for (const [member, state] of this.#members) {
      if (state.expiresAtMs <= atMs - LEVEL_LATENESS_MS) this.#members.delete(member);
    }
  }
}
