/**
 * What a detector must and must not fire on, as sequences of events, and the plainest way to find out: every measure is added up
 * anew from the first event on. The policy engine's tests run the same cases through windows and ladder.
 */
import { answerSeizureRatioCases } from './answer-seizure-ratio/cases.ts';
import { automatedDiallingCases } from './automated-dialling/cases.ts';
import { averageCallDurationCases } from './average-call-duration/cases.ts';
import { bandwidthCases } from './bandwidth/cases.ts';
import { callDurationCases } from './call-duration/cases.ts';
import { callerIdentityCases } from './caller-identity/cases.ts';
import type { DetectorCase, RateCase } from './cases-events.ts';
import { compromisedAccountCases } from './compromised-account/cases.ts';
import { consumptionSurgeCases } from './consumption-surge/cases.ts';
import { creditLimitCases } from './credit-limit/cases.ts';
import { destinationsCases } from './destinations/cases.ts';
import { distinctDestinationsCases } from './distinct-destinations/cases.ts';
import { fairUsageCases } from './fair-usage/cases.ts';
import { faxRateCases } from './fax-rate/cases.ts';
import { forgedIdentityCases } from './forged-identity/cases.ts';
import { massCallingCases } from './mass-calling/cases.ts';
import { messageRateCases } from './message-rate/cases.ts';
import { offSiteCallsCases } from './off-site-calls/cases.ts';
import { outOfPlanAmountCases } from './out-of-plan-amount/cases.ts';
import { passwordGuessingCases } from './password-guessing/cases.ts';
import { registeredDevicesCases } from './registered-devices/cases.ts';
import { scannerCases } from './scanner/cases.ts';
import { sharedSubscriptionCases } from './shared-subscription/cases.ts';
import { shortCallsCases } from './short-calls/cases.ts';
import { simultaneousCallsCases } from './simultaneous-calls/cases.ts';
import { sipIntegrityCases } from './sip-integrity/cases.ts';
import { smsRateCases } from './sms-rate/cases.ts';
import { specialNumberLongCallCases } from './special-number-long-call/cases.ts';
import { specialNumberMobileShareCases } from './special-number-mobile-share/cases.ts';
import { specialNumberPumpingCases } from './special-number-pumping/cases.ts';
import { transactionRateCases } from './transaction-rate/cases.ts';
import { trialAllowanceCases } from './trial-allowance/cases.ts';
import { udpFloodFilterCases } from './udp-flood-filter/cases.ts';

export const eventCases: readonly DetectorCase[] = [
  ...answerSeizureRatioCases,
  ...averageCallDurationCases,
  ...forgedIdentityCases,
  ...passwordGuessingCases,
  ...scannerCases,
  ...faxRateCases,
  ...smsRateCases,
  ...massCallingCases,
  ...automatedDiallingCases,
  ...shortCallsCases,
  ...compromisedAccountCases,
  ...offSiteCallsCases,
  ...sharedSubscriptionCases,
  ...registeredDevicesCases,
  ...callDurationCases,
  ...simultaneousCallsCases,
  ...sipIntegrityCases,
  ...callerIdentityCases,
  ...destinationsCases,
  ...distinctDestinationsCases,
  ...specialNumberLongCallCases,
  ...specialNumberMobileShareCases,
  ...specialNumberPumpingCases,
  ...udpFloodFilterCases,
  ...fairUsageCases,
  ...consumptionSurgeCases,
  ...bandwidthCases,
  ...creditLimitCases,
  ...outOfPlanAmountCases,
  ...trialAllowanceCases,
];

export const rateCases: readonly RateCase[] = [...messageRateCases, ...transactionRateCases];
