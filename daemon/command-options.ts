/** What the command line hands to the daemon (`daemon/main.ts`: `run`) and to the replay (`daemon/replay.ts`: `replay`). */

export interface RunOptions {
  /** File of the configuration; null: VIGIE_CONFIG, else the one that comes with Vigie. */
  readonly config: string | null;
}

export interface ReplayOptions {
  /** Null: no configuration; lines are the claimed From users, marked as not verified. */
  readonly config: string | null;
  /** Policy to judge by; null: the configuration's default. */
  readonly policy: string | null;
}
