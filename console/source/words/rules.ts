import { language } from './language.ts';

/**
 * What a detector measures, in few words. Policies title their rules in their own language; these are for lists and charts, in
 * the reader's.
 */
const names: Readonly<Record<string, readonly [string, string]>> = {
  'answer-seizure-ratio': ['Answered share (ASR)', 'Part d’appels répondus (ASR)'],
  'automated-dialling': ['Machine-like dialling', 'Numérotation automatique'],
  'average-call-duration': ['Average duration (ACD)', 'Durée moyenne (ACD)'],
  bandwidth: ['Bandwidth', 'Débit de voix'],
  'call-duration': ['Length of a call', 'Durée d’un appel'],
  'caller-identity': ['Presented number', 'Numéro présenté'],
  'compromised-account': ['Stolen credentials', 'Identifiants volés'],
  'consumption-surge': ['Consumption against past weeks', 'Consommation face au passé'],
  'credit-limit': ['Amount owed', 'Montant dû'],
  destinations: ['Barred destinations', 'Destinations exclues'],
  'distinct-destinations': ['Distinct numbers called', 'Numéros distincts appelés'],
  'fair-usage': ['Fair usage', 'Usage raisonnable'],
  'fax-rate': ['Faxes', 'Fax'],
  'forged-identity': ['Forged identity', 'Identité forgée'],
  'mass-calling': ['Mass calling', 'Appels en masse'],
  'message-rate': ['SIP messages per second', 'Messages SIP par seconde'],
  'off-site-calls': ['Calls from elsewhere', 'Appels hors site'],
  'out-of-plan-amount': ['Cost outside the plan', 'Coût hors forfait'],
  'password-guessing': ['Password guessing', 'Essais de mots de passe'],
  'registered-devices': ['Registered devices', 'Appareils enregistrés'],
  scanner: ['Scanning', 'Balayage'],
  'shared-subscription': ['Shared subscription', 'Abonnement partagé'],
  'short-calls': ['Share of short calls', 'Part d’appels courts'],
  'simultaneous-calls': ['Simultaneous calls', 'Appels simultanés'],
  'sip-integrity': ['Altered SIP (ALG)', 'SIP altéré (ALG)'],
  'sms-rate': ['SMS', 'SMS'],
  'special-number-long-call': ['Long calls to a special number', 'Longs appels à un numéro spécial'],
  'special-number-mobile-share': ['Share of mobile callers', 'Part d’appels de mobiles'],
  'special-number-pumping': ['Repeated calls to a special number', 'Appels répétés à un numéro spécial'],
  'trial-allowance': ['Trial allowance', 'Crédit d’essai'],
  'udp-flood-filter': ['Router drops UDP', 'Routeur qui perd l’UDP'],
  'transaction-rate': ['SIP transactions per second', 'Transactions SIP par seconde'],
};

/** More to say on hover: abbreviations and what the number means. */
const tips: Readonly<Record<string, readonly [string, string]>> = {
  'answer-seizure-ratio': [
    'Answer-seizure ratio: answered calls divided by attempts',
    'Answer-seizure ratio : appels répondus divisés par les tentatives',
  ],
  'average-call-duration': [
    'Average call duration: total time of answered calls divided by their number',
    'Average call duration : durée totale des appels répondus divisée par leur nombre',
  ],
  'transaction-rate': [
    'A transaction is one SIP request with its answers',
    'Une transaction est une requête SIP avec ses réponses',
  ],
  'sip-integrity': [
    'A router in between (application layer gateway) rewrites signalling',
    'Un routeur intermédiaire (application layer gateway) réécrit la signalisation',
  ],
};

const readable = (id: string): string => {
  const words = id.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function detectorName(detector: string): string {
  return names[detector]?.[language.value === 'fr' ? 1 : 0] ?? readable(detector);
}

export function detectorTip(detector: string): string | undefined {
  return tips[detector]?.[language.value === 'fr' ? 1 : 0];
}

/** Beyond the limit is below it. */
export function isFloor(detector: string): boolean {
  return detector === 'answer-seizure-ratio' || detector === 'average-call-duration';
}
