import { answerSeizureRatio } from './answer-seizure-ratio/index.ts';
import { automatedDialling } from './automated-dialling/index.ts';
import { averageCallDuration } from './average-call-duration/index.ts';
import { bandwidth } from './bandwidth/index.ts';
import { callDuration } from './call-duration/index.ts';
import { callerIdentity } from './caller-identity/index.ts';
import { compromisedAccount } from './compromised-account/index.ts';
import { consumptionSurge } from './consumption-surge/index.ts';
import { creditLimit } from './credit-limit/index.ts';
import { destinations } from './destinations/index.ts';
import { distinctDestinations } from './distinct-destinations/index.ts';
import { fairUsage } from './fair-usage/index.ts';
import { faxRate } from './fax-rate/index.ts';
import { forgedIdentity } from './forged-identity/index.ts';
import { massCalling } from './mass-calling/index.ts';
import { messageRate } from './message-rate/index.ts';
import { offSiteCalls } from './off-site-calls/index.ts';
import { outOfPlanAmount } from './out-of-plan-amount/index.ts';
import { passwordGuessing } from './password-guessing/index.ts';
import { registeredDevices } from './registered-devices/index.ts';
import { scanner } from './scanner/index.ts';
import { sharedSubscription } from './shared-subscription/index.ts';
import { shortCalls } from './short-calls/index.ts';
import { simultaneousCalls } from './simultaneous-calls/index.ts';
import { sipIntegrity } from './sip-integrity/index.ts';
import { smsRate } from './sms-rate/index.ts';
import { specialNumberLongCall } from './special-number-long-call/index.ts';
import { specialNumberMobileShare } from './special-number-mobile-share/index.ts';
import { specialNumberPumping } from './special-number-pumping/index.ts';
import { transactionRate } from './transaction-rate/index.ts';
import { trialAllowance } from './trial-allowance/index.ts';
import { udpFloodFilter } from './udp-flood-filter/index.ts';
import type { Detector } from './vocabulary.ts';

/**
 * All detectors by the name that policy files use. Each takes the parameters of its own schema; the policy loader has checked
 * them against it, which the compiler cannot see.
 */
export const detectors: ReadonlyMap<string, Detector> = new Map<string, Detector>(
  [
    answerSeizureRatio,
    averageCallDuration,
    forgedIdentity,
    passwordGuessing,
    scanner,
    faxRate,
    smsRate,
    massCalling,
    automatedDialling,
    shortCalls,
    compromisedAccount,
    offSiteCalls,
    sharedSubscription,
    registeredDevices,
    callDuration,
    messageRate,
    simultaneousCalls,
    sipIntegrity,
    transactionRate,
    callerIdentity,
    destinations,
    distinctDestinations,
    specialNumberLongCall,
    specialNumberMobileShare,
    specialNumberPumping,
    creditLimit,
    outOfPlanAmount,
    trialAllowance,
    bandwidth,
    consumptionSurge,
    fairUsage,
    udpFloodFilter,
  ].map((detector) => [detector.name, detector as Detector]),
);
