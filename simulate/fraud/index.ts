import type { FraudKind } from '../labels.ts';
import { autodialler, callCentre, forgedFrom, wangiri } from './dialling.ts';
import type { FraudScript } from './episode.ts';
import { smsBurst, transactionFlood } from './flooding.ts';
import { lowAndSlow, trafficPumping } from './pumping.ts';
import { sharedSubscription } from './sharing.ts';
import { bruteForced, irsf } from './stolen-account.ts';

export const SCRIPTS: Readonly<Record<FraudKind, FraudScript>> = {
  'irsf-stolen-credentials': irsf,
  wangiri,
  autodialler,
  'call-centre-unlimited': callCentre,
  'shared-subscription': sharedSubscription,
  'traffic-pumping': trafficPumping,
  'sms-burst': smsBurst,
  'brute-forced-account': bruteForced,
  'low-and-slow': lowAndSlow,
  'transaction-flood': transactionFlood,
  'forged-from': forgedFrom,
};
