import {
  type CallOptions,
  callEvents,
  type DetectorCase,
  legOf,
  many,
  merged,
  NOON_MS,
} from '../cases-events.ts';

const detector = 'answer-seizure-ratio';
const MINUTE_MS = 60_000;

/** One call a minute: `answered` answered ones first, then failures. Failures have their outcome after 10 s. */
function calls(answered: number, failed: number, options: Partial<CallOptions> = {}) {
  return merged(
    ...many(answered + failed, (index) =>
      callEvents({
        startMs: NOON_MS + index * MINUTE_MS,
        callId: `asr-${index}`,
        outcome: index < answered ? 'answered' : 'busy',
        ...options,
      }),
    ),
  );
}

/** Time of the outcome of the n-th call, a failure. */
const failure = (n: number) => NOON_MS + (n - 1) * MINUTE_MS + 10_000;

const lateAnswer = (index: number) => {
  const options: CallOptions = {
    startMs: NOON_MS + index * MINUTE_MS,
    callId: `asr-${index}`,
    outcome: 'failed',
  };
  return [
    ...callEvents(options),
    { type: 'answered', atMs: options.startMs + 15_000, leg: legOf(options) } as const,
  ];
};

export const answerSeizureRatioCases: readonly DetectorCase[] = [
  {
    detector,
    title: '9 of 20 answered fires at the 20th attempt',
    events: calls(9, 11),
    firesAtMs: [failure(20)],
    significantAtMs: null,
  },
  {
    detector,
    title: '9 of 19 answered: one attempt short of the sample',
    events: calls(9, 10),
    firesAtMs: [],
  },
  { detector, title: '10 of 20 answered is exactly the limit', events: calls(10, 10), firesAtMs: [] },
  { detector, title: '10 of 21 answered fires at the 21st', events: calls(10, 11), firesAtMs: [failure(21)] },
  {
    detector,
    title: '10 of 10 failed alerts before the minimum sample, and suspends nobody',
    events: calls(0, 10),
    firesAtMs: [failure(10)],
    significantAtMs: null,
  },
  { detector, title: '9 of 9 failed says nothing', events: calls(0, 9), firesAtMs: [] },
  {
    detector,
    title: '1 of 10 answered alerts early: Wilson’s bound at 99 % is 0.497',
    events: calls(1, 9),
    firesAtMs: [failure(10)],
    significantAtMs: null,
  },
  { detector, title: '2 of 10 answered does not', events: calls(2, 8), firesAtMs: [] },
  {
    detector,
    title: 'as in CMI: 4 of 20 answered of a sample of 30 at 99.9 % alerts',
    minimumSample: 30,
    confidence: 0.999,
    events: calls(4, 16),
    firesAtMs: [failure(18)],
    significantAtMs: null,
  },
  {
    detector,
    title:
      'no call answered, a sample of 30: alerts at the 10th, significant at the 30th and not at the 29th',
    minimumSample: 30,
    confidence: 0.999,
    events: calls(0, 31),
    firesAtMs: [failure(10)],
    significantAtMs: failure(30),
  },
  { detector, title: '1 failed of 1', events: calls(0, 1), firesAtMs: [] },
  {
    detector,
    title: '4 of 20 answered is significant at 99 %; of 18 it alerts before the minimum sample',
    events: calls(4, 16),
    firesAtMs: [failure(18)],
    significantAtMs: failure(20),
  },
  {
    detector,
    title: '5 of 20 answered is not',
    events: calls(5, 15),
    firesAtMs: [failure(20)],
    significantAtMs: null,
  },
  {
    detector,
    title: '4 of 20 answered is significant at 99 %, not at 99.9 %',
    confidence: 0.999,
    events: calls(4, 16),
    firesAtMs: [failure(18)],
    significantAtMs: null,
  },
  {
    detector,
    title: 'what our own suspension refused does not count',
    events: merged(
      calls(10, 10),
      ...many(50, (index) =>
        callEvents({
          startMs: NOON_MS + (20 + index) * MINUTE_MS,
          callId: `refused-${index}`,
          outcome: 'rejected',
          status: 403,
          refusedByUs: true,
        }),
      ),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a failed attempt that is re-sent and answered counts as answered: 10 of 20',
    events: merged(
      calls(9, 0),
      lateAnswer(9),
      calls(9, 11).filter(
        (event) =>
          event.atMs >= NOON_MS + 10 * MINUTE_MS && 'leg' in event && Number(event.leg.callId.slice(4)) >= 10,
      ),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming calls that fail do not count',
    events: calls(0, 30, { direction: 'incoming' }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'failures of more than a day ago do not count',
    events: merged(
      ...many(9, (index) =>
        callEvents({
          startMs: NOON_MS - 25 * 3_600_000 + index * 1000,
          callId: `old-${index}`,
          outcome: 'busy',
        }),
      ),
      calls(10, 10),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'answers bring the ratio back, further failures break it again',
    events: merged(
      calls(9, 11),
      ...many(4, (index) =>
        callEvents({
          startMs: NOON_MS + (30 + index) * MINUTE_MS,
          callId: `later-${index}`,
          outcome: index < 2 ? 'answered' : 'no-answer',
        }),
      ),
    ),
    // 9/20; 10/21 and 11/22 within the minutes after; 11/23 breaks it again.
    firesAtMs: [failure(20), NOON_MS + 32 * MINUTE_MS + 10_000],
  },
];
