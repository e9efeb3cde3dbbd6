/**
 * What a detector must and must not fire on, as sequences of events, and the plainest way to find out: every measure is added up
 * anew from the first event on. The policy engine's tests run the same cases through windows and ladder.
 */
import { answerSeizureRatioCases } from './answer-seizure-ratio/cases.ts';
import { averageCallDurationCases } from './average-call-duration/cases.ts';
import { callDurationCases } from './call-duration/cases.ts';
import type { DetectorCase, RateCase } from './cases-events.ts';
import { messageRateCases } from './message-rate/cases.ts';
import { simultaneousCallsCases } from './simultaneous-calls/cases.ts';
import { transactionRateCases } from './transaction-rate/cases.ts';

export const eventCases: readonly DetectorCase[] = [
  ...answerSeizureRatioCases,
  ...averageCallDurationCases,
  ...callDurationCases,
  ...simultaneousCallsCases,
];

export const rateCases: readonly RateCase[] = [...messageRateCases, ...transactionRateCases];
