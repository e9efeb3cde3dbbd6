/** What `vigie run` hands to the daemon (`daemon/main.ts`: `run`). */
export interface RunOptions {
  /** File of the configuration; null: VIGIE_CONFIG, else the one that comes with Vigie. */
  readonly config: string | null;
}
