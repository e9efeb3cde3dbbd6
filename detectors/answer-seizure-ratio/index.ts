import Type, { type Static } from 'typebox';
import { calls, callTotals, ratioPeriod, ratioSeconds, ratioWindow } from '../measures.ts';
import { Duration, Ratio } from '../parameters.ts';
import { EARLY_CONFIDENCE, EARLY_SAMPLE, proportionUpperBound } from '../statistics.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Ratio({ default: 0.5, description: 'An ASR under this breaks the rule; at it, not.' }),
  ...ratioWindow,
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the ratio has kept the limit for this long.',
  }),
});

export type AnswerSeizureRatioParameters = Static<typeof parameters>;

export const answerSeizureRatio: EventDetector<AnswerSeizureRatioParameters> = {
  name: 'answer-seizure-ratio',
  title: 'Answered calls per attempt under the limit.',
  subjects: ['line', 'trunk', 'customer', 'source'],
  parameters,
  measures: (parameters) => [calls(ratioPeriod(parameters))],
  judge: ([reading], parameters, event, _facts, { minimumSample, confidence }) => {
    // Between an answer and its outcome the ratio stands one too high: only outcomes are judged.
    if (reading.kind !== 'sum' || (event !== null && event.type !== 'outcome')) return null;
    const { outcomes, answered } = callTotals(reading.totals);
    if (outcomes <= 0) return null;
    const value = Math.min(1, answered / outcomes);
    const breached = answered < parameters.limit * outcomes;
    const enough = outcomes >= minimumSample;
    const level = enough ? confidence : Math.min(confidence, EARLY_CONFIDENCE);
    const upperBound =
      breached && (enough || outcomes >= EARLY_SAMPLE)
        ? proportionUpperBound(answered, outcomes, level)
        : null;
    const sure = upperBound !== null && upperBound < parameters.limit;
    return {
      value,
      limit: parameters.limit,
      unit: 'ratio',
      windowSeconds: ratioSeconds(parameters),
      breached,
      significant: enough && sure,
      sample: outcomes,
      ...(!enough && sure ? { early: true } : {}),
      evidence: { attempts: outcomes, answered, upperBound, confidence: level, callIds: reading.samples },
    };
  },
  tip: (judgement, parameters, { minimumSample, confidence }) => {
    const { attempts, answered } = judgement.evidence as { attempts: number; answered: number };
    if (parameters.limit <= 0) return null;
    if (judgement.breached) {
      if (attempts >= minimumSample || judgement.early === true) return null;
      const level = Math.min(confidence, EARLY_CONFIDENCE);
      for (let all = Math.max(EARLY_SAMPLE, attempts + 1); all < minimumSample; all++) {
        if (proportionUpperBound(answered, all, level) >= parameters.limit) continue;
        return `${count(all - attempts, 'more unanswered attempt')} (an alert before the minimum sample of ${minimumSample})`;
      }
      return `${count(minimumSample - attempts, 'more unanswered attempt')} (minimum sample ${minimumSample})`;
    }
    // Smallest number m of failures with answered < limit × (attempts + m).
    let more = Math.max(1, Math.floor(answered / parameters.limit - attempts));
    while (answered >= parameters.limit * (attempts + more)) more++;
    return count(Math.max(more, minimumSample - attempts), 'more unanswered attempt');
  },
};

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
