import { answerSeizureRatio } from './answer-seizure-ratio/index.ts';
import { averageCallDuration } from './average-call-duration/index.ts';
import { callDuration } from './call-duration/index.ts';
import { messageRate } from './message-rate/index.ts';
import { simultaneousCalls } from './simultaneous-calls/index.ts';
import { sipIntegrity } from './sip-integrity/index.ts';
import { transactionRate } from './transaction-rate/index.ts';
import type { Detector } from './vocabulary.ts';

/**
 * All detectors by the name that policy files use. Each takes the parameters of its own schema; the policy loader has checked
 * them against it, which the compiler cannot see.
 */
export const detectors: ReadonlyMap<string, Detector> = new Map<string, Detector>(
  [
    answerSeizureRatio,
    averageCallDuration,
    callDuration,
    messageRate,
    simultaneousCalls,
    sipIntegrity,
    transactionRate,
  ].map((detector) => [detector.name, detector as Detector]),
);
