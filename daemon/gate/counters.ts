/** What the gate has done since it was started; keys are fixed words. */
export class GateCounters {
  /** Requests by method. */
  readonly requests: Record<string, number> = {};
  /** Verdicts by grounds. */
  readonly verdicts: Record<string, number> = {};
  /** Final answers of requests that were proxied on, by class (`2xx`). */
  readonly outcomes: Record<string, number> = {};
  /** Events of drachtio about calls: `attempt`, `start`, `stop`. */
  readonly callEvents: Record<string, number> = {};
  /** Requests that could not be handed on or answered at once and were after a reconnection. */
  redelivered = 0;
  /** Frames that could not be read. */
  badFrames = 0;
  /** Answered calls ended by the gate. */
  endedCalls = 0;
  /** Ringing calls that drachtio has taken a CANCEL of the gate's for. */
  cancelledCalls = 0;

  count(of: 'requests' | 'verdicts' | 'outcomes' | 'callEvents', name: string): void {
    this[of][name] = (this[of][name] ?? 0) + 1;
  }
}
