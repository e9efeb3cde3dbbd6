import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';
import type { Destination } from '../vocabulary.ts';

const detector = 'special-number-pumping';
const subject = 'called';
const premium: Destination = { number: '+33899123456', kind: 'premium', country: 'FR', highRisk: false };
const mobile = (number: string): Destination => ({ number, kind: 'mobile', country: 'FR', highRisk: false });

/** Calls a minute apart by one caller to the premium number, each answered after 2 s. */
const calls = (count: number, options: Partial<CallOptions> = {}, fromMs = NOON_MS, id = 'pump') =>
  merged(
    ...many(count, (index) =>
      callEvents({
        startMs: fromMs + index * 60_000,
        callId: `${id}-${index}`,
        durationMs: 5_000,
        direction: 'incoming',
        destination: premium,
        caller: mobile('+33612345678'),
        ...options,
      }),
    ),
  );
const answered = (n: number) => NOON_MS + (n - 1) * 60_000 + 2000;

export const specialNumberPumpingCases: readonly DetectorCase[] = [
  {
    detector,
    subject,
    title: 'the 51st call of a day fires, once',
    events: calls(60),
    firesAtMs: [answered(51)],
  },
  { detector, subject, title: 'fifty calls', events: calls(50), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'fifty calls each of two callers',
    events: merged(calls(50), calls(50, { caller: mobile('+33612345679') }, NOON_MS + 1000, 'other')),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'two callers over the limit are two',
    parameters: { limit: 3 },
    events: merged(calls(4), calls(4, { caller: mobile('+33612345679') }, NOON_MS + 1000, 'other')),
    firesAtMs: [answered(4), answered(4) + 1000],
  },
  {
    detector,
    subject,
    title: 'both legs of a call are one call',
    parameters: { limit: 3 },
    events: merged(calls(3), calls(3, { direction: 'outgoing' }, NOON_MS + 100)),
    firesAtMs: [],
  },
  { detector, subject, title: 'unanswered', events: calls(60, { outcome: 'busy' }), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'unanswered, where attempts count',
    parameters: { count: 'attempts' },
    events: calls(51, { outcome: 'busy' }),
    firesAtMs: [NOON_MS + 50 * 60_000],
  },
  {
    detector,
    subject,
    title: 'an ordinary number',
    events: calls(60, { destination: { number: '+33123456789', kind: 'fixed', country: 'FR' } }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'thirty calls today and thirty tomorrow',
    events: merged(calls(30), calls(30, {}, NOON_MS + 86_400_000, 'tomorrow')),
    firesAtMs: [],
  },
];
