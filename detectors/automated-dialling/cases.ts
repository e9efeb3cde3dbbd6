import { callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'automated-dialling';

interface Dialled {
  /** From the end of the call before to this attempt. */
  readonly idleSeconds: number;
  /** Null: nobody answers, the attempt ends after ten seconds. */
  readonly talkSeconds: number | null;
  readonly number: number;
}

/** Calls one after the other, with the rhythm that follows from their times. */
function dialled(calls: readonly Dialled[]): Event[] {
  let startMs = NOON_MS;
  let endMs = NOON_MS;
  let before: Dialled | null = null;
  let attemptMs = NOON_MS;
  const numbers: number[] = [];
  return merged(
    ...calls.map((call, n) => {
      startMs = before === null ? NOON_MS : Math.round(endMs + call.idleSeconds * 1000);
      const rhythm =
        before === null
          ? null
          : {
              intervalMs: startMs - attemptMs,
              idleMs: startMs - endMs,
              step: call.number - before.number,
              repeated: numbers.slice(-32).includes(call.number),
            };
      const talkMs = call.talkSeconds === null ? null : Math.round(call.talkSeconds * 1000);
      endMs = startMs + (talkMs === null ? 10_000 : 2000 + talkMs);
      attemptMs = startMs;
      before = call;
      numbers.push(call.number);
      return callEvents({
        startMs,
        callId: `dial-${n}`,
        called: `+33${call.number}`,
        ...(talkMs === null ? { outcome: 'no-answer' as const } : { durationMs: talkMs }),
        ...(rhythm === null ? {} : { rhythm }),
      });
    }),
  );
}

/** Park and Miller's generator: the same day on every machine. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const exponential = (mean: number, uniform: () => number) => -mean * Math.log(uniform());

/** A busy switchboard: short pauses and long ones, two of three calls answered, fifty numbers of which some again and again. */
function secretary(count: number, seed: number): Dialled[] {
  const uniform = seeded(seed);
  return many(count, () => ({
    idleSeconds: 4 + exponential(45, uniform),
    talkSeconds: uniform() < 0.65 ? 3 + exponential(80, uniform) : null,
    number: 140_000_000 + Math.floor(uniform() ** 2 * 50) * 7919,
  }));
}

/** Calling everybody back after the holidays: new numbers from a list, half of them not there, little pause. */
function callBackDay(count: number, seed: number): Dialled[] {
  const uniform = seeded(seed);
  return many(count, (n) => ({
    idleSeconds: 8 + exponential(25, uniform),
    talkSeconds: uniform() < 0.5 ? 5 + exponential(100, uniform) : null,
    number: 140_000_000 + ((n * 7_919_311) % 50_000_000),
  }));
}

const machine = (count: number): Dialled[] =>
  many(count, (n) => ({ idleSeconds: 2, talkSeconds: null, number: 199_000_000 + n }));
const attempt = (n: number) => NOON_MS + (n - 1) * 12_000;

export const automatedDiallingCases: readonly DetectorCase[] = [
  {
    detector,
    title:
      'numbers one after the other, two seconds between calls: the 21st attempt fires, as 20 intervals show how even they are',
    events: dialled(machine(30)),
    firesAtMs: [attempt(21)],
    significantAtMs: attempt(21),
  },
  { detector, title: 'twenty such attempts', events: dialled(machine(20)), firesAtMs: [] },
  {
    detector,
    title: 'unlimited plans only: a machine on such a plan',
    parameters: { plans: 'unlimited' },
    facts: { unlimitedPlan: true },
    events: dialled(machine(30)),
    firesAtMs: [attempt(21)],
  },
  {
    detector,
    title: 'unlimited plans only: a machine of whose plan nothing is known is judged',
    parameters: { plans: 'unlimited' },
    facts: { unlimitedPlan: null },
    events: dialled(machine(30)),
    firesAtMs: [attempt(21)],
  },
  {
    detector,
    title: 'unlimited plans only: a machine that pays by the minute',
    parameters: { plans: 'unlimited' },
    facts: { unlimitedPlan: false },
    events: dialled(machine(30)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'all plans: a machine that pays by the minute',
    facts: { unlimitedPlan: false },
    events: dialled(machine(30)),
    firesAtMs: [attempt(21)],
  },
  {
    detector,
    title:
      'numbers at random from a list, one exactly every 40 s, mostly unanswered: fires when the pace is plain',
    events: dialled(
      many(90, (n) => ({
        idleSeconds: 30,
        talkSeconds: null,
        number: 140_000_000 + ((n * 7_919_311) % 50_000_000),
      })),
    ),
    // even 25 + fruitless 15 + fresh 10 = 50; the pace gives 10 more at 54 new numbers, and more than 60 with the 55th.
    firesAtMs: [NOON_MS + 54 * 40_000],
    significantAtMs: null,
  },
  {
    detector,
    title: 'a phone that redials a busy number every 15 s for an hour',
    events: dialled(many(144, () => ({ idleSeconds: 15, talkSeconds: null, number: 140_000_001 }))),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a busy switchboard, 400 calls in a row',
    events: dialled(secretary(400, 11)),
    firesAtMs: [],
  },
  { detector, title: 'another', events: dialled(secretary(400, 12)), firesAtMs: [] },
  {
    detector,
    title: 'a day of calling back, 400 calls in a row',
    events: dialled(callBackDay(400, 13)),
    firesAtMs: [],
  },
  { detector, title: 'another', events: dialled(callBackDay(400, 14)), firesAtMs: [] },
];
