import Type, { type Static } from 'typebox';
import { calls, callTotals, ratioPeriod, ratioSeconds, ratioWindow } from '../measures.ts';
import { Duration } from '../parameters.ts';
import { EARLY_CONFIDENCE, EARLY_SAMPLE, meanUpperBound } from '../statistics.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Duration({ default: '40s', description: 'A mean duration under this breaks the rule; at it, not.' }),
  ...ratioWindow,
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the mean has kept the limit for this long.',
  }),
});

export type AverageCallDurationParameters = Static<typeof parameters>;

export const averageCallDuration: EventDetector<AverageCallDurationParameters> = {
  name: 'average-call-duration',
  title: 'Mean duration of answered calls under the limit.',
  subjects: ['line', 'trunk', 'customer', 'source'],
  parameters,
  measures: (parameters) => [calls(ratioPeriod(parameters))],
  judge: ([reading], parameters, event, _facts, { minimumSample, confidence }) => {
    if (reading.kind !== 'sum') return null;
    if (event !== null && (event.type !== 'ended' || event.durationMs === null || event.expired)) return null;
    const { ended, durationMs, durationSecondsSquared } = callTotals(reading.totals);
    if (ended <= 0) return null;
    const limitSeconds = parameters.limit / 1000;
    const breached = durationMs < parameters.limit * ended;
    const enough = ended >= minimumSample;
    const level = enough ? confidence : Math.min(confidence, EARLY_CONFIDENCE);
    const upperBound =
      breached && (enough || ended >= EARLY_SAMPLE)
        ? meanUpperBound(ended, durationMs / 1000, durationSecondsSquared, level)
        : null;
    const sure = upperBound !== null && upperBound < limitSeconds;
    return {
      value: durationMs / 1000 / ended,
      limit: limitSeconds,
      unit: 's',
      windowSeconds: ratioSeconds(parameters),
      breached,
      significant: enough && sure,
      sample: ended,
      ...(!enough && sure ? { early: true } : {}),
      evidence: {
        calls: ended,
        totalSeconds: durationMs / 1000,
        // JSON knows no infinity.
        upperBound: upperBound !== null && Number.isFinite(upperBound) ? upperBound : null,
        confidence: level,
        callIds: reading.samples,
      },
    };
  },
  tip: (judgement, parameters, { minimumSample }) => {
    const { calls: ended, totalSeconds } = judgement.evidence as { calls: number; totalSeconds: number };
    if (ended < minimumSample) {
      return `a mean under ${parameters.limit / 1000} s once ${minimumSample - ended} more calls have ended`;
    }
    if (judgement.breached) return null;
    // The next call breaks the rule if it is shorter than limit × (n + 1) − total.
    const shorterThan = judgement.limit * (ended + 1) - totalSeconds;
    if (shorterThan > 0) return `a call shorter than ${shorterThan.toFixed(3)} s`;
    return `${Math.floor(totalSeconds / judgement.limit - ended) + 1} more calls of no length`;
  },
};
