import type { VigieConfig } from './config/schema.ts';
import type { HepReceiver } from './ingest/hep-server.ts';
import { SilenceWatch } from './policy/silence.ts';

/** A time of which not everything was captured. */
export interface Gap {
  /** Up to now. */
  readonly lengthMs: number;
  /** Packets that the kernel dropped, beside the frames that came; 0: an agent is silent. */
  readonly drops: number;
  readonly frames: number;
}

/** Packets that the kernel dropped, and agents that have gone silent, make ratios unreliable. */
export class IngestLosses {
  #drops = 0;
  #frames = 0;
  readonly #silences = new Map<number, SilenceWatch>();

  /** Gaps that go on. Call it every `sinceMs`; `nowMs`: the clock that the receiver uses. */
  *observe(
    { counters, agents }: Pick<HepReceiver, 'counters' | 'agents'>,
    { lostShare, silence }: VigieConfig['brake']['gap'],
    nowMs: number,
    sinceMs: number,
  ): Generator<Gap> {
    const drops = counters.kernelDrops - this.#drops;
    const frames = counters.frames - this.#frames;
    this.#drops = counters.kernelDrops;
    this.#frames = counters.frames;
    if (drops > 0 && drops >= lostShare * (drops + frames)) yield { lengthMs: sinceMs, drops, frames };
    for (const { agentId, messages, lastArrivalMs } of agents.values()) {
      if (messages === 0) continue;
      const watch = this.#silences.get(agentId) ?? new SilenceWatch();
      this.#silences.set(agentId, watch);
      const silentMs = nowMs - lastArrivalMs;
      if (watch.observe(nowMs, messages, silentMs, silence as number))
        yield { lengthMs: silentMs, drops: 0, frames };
    }
  }
}
