import { type CallOptions, callEvents, type DetectorCase, legOf, merged, NOON_MS } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'fax-rate';

/** A call that turns to T.38 five seconds after its answer. */
function fax(
  callId: string,
  seconds: number,
  lengthSeconds: number,
  options: Partial<CallOptions> = {},
): Event[] {
  const full: CallOptions = {
    startMs: NOON_MS + seconds * 1000,
    callId,
    durationMs: lengthSeconds * 1000,
    ...options,
  };
  const events = callEvents(full).map(
    (event): Event => (event.type === 'ended' ? { ...event, fax: true } : event),
  );
  return merged(events, [{ type: 'fax', atMs: full.startMs + 7000, leg: legOf(full) }]);
}

const turn = (seconds: number) => NOON_MS + seconds * 1000 + 7000;

export const faxRateCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'a second fax 59.999 s after the first fires, though that is over',
    events: merged(fax('a', 0, 30), fax('b', 59.999, 30)),
    firesAtMs: [turn(59.999)],
  },
  { detector, title: 'one fax a minute', events: merged(fax('a', 0, 40), fax('b', 60, 40)), firesAtMs: [] },
  {
    detector,
    title: 'a second fax while a long one goes on fires',
    events: merged(fax('a', 0, 600), fax('b', 120, 30)),
    firesAtMs: [turn(120)],
  },
  {
    detector,
    title: 'a second fax after the long one',
    events: merged(fax('a', 0, 600), fax('b', 700, 30)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'faxes that come in',
    events: merged(fax('a', 0, 600, { direction: 'incoming' }), fax('b', 1, 600, { direction: 'incoming' })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'calls without T.38 are no faxes',
    events: merged(
      callEvents({ startMs: NOON_MS, callId: 'a' }),
      callEvents({ startMs: NOON_MS + 1000, callId: 'b' }),
    ),
    firesAtMs: [],
  },
];
