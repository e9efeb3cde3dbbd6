/**
 * What a detector measures, in few words, and more to say on hover: abbreviations and what the number means. Policies title their rules
 * in sentences; these are for lists and charts. English, French.
 */
export const detectors = {
  'detector.answer-seizure-ratio': ['Answered share (ASR)', 'Part d’appels répondus (ASR)'],
  'detector.automated-dialling': ['Machine-like dialling', 'Numérotation automatique'],
  'detector.average-call-duration': ['Average duration (ACD)', 'Durée moyenne (ACD)'],
  'detector.bandwidth': ['Bandwidth', 'Débit de voix'],
  'detector.call-duration': ['Length of a call', 'Durée d’un appel'],
  'detector.caller-identity': ['Presented number', 'Numéro présenté'],
  'detector.compromised-account': ['Stolen credentials', 'Identifiants volés'],
  'detector.consumption-surge': ['Consumption against past weeks', 'Consommation face au passé'],
  'detector.credit-limit': ['Amount owed', 'Montant dû'],
  'detector.destinations': ['Barred destinations', 'Destinations exclues'],
  'detector.distinct-destinations': ['Distinct numbers called', 'Numéros distincts appelés'],
  'detector.fair-usage': ['Fair usage', 'Usage raisonnable'],
  'detector.fax-rate': ['Faxes', 'Fax'],
  'detector.forged-identity': ['Forged identity', 'Identité forgée'],
  'detector.mass-calling': ['Mass calling', 'Appels en masse'],
  'detector.message-rate': ['SIP messages per second', 'Messages SIP par seconde'],
  'detector.off-site-calls': ['Calls from elsewhere', 'Appels hors site'],
  'detector.out-of-plan-amount': ['Cost outside the plan', 'Coût hors forfait'],
  'detector.password-guessing': ['Password guessing', 'Essais de mots de passe'],
  'detector.registered-devices': ['Registered devices', 'Appareils enregistrés'],
  'detector.scanner': ['Scanning', 'Balayage'],
  'detector.shared-subscription': ['Shared subscription', 'Abonnement partagé'],
  'detector.short-calls': ['Share of short calls', 'Part d’appels courts'],
  'detector.simultaneous-calls': ['Simultaneous calls', 'Appels simultanés'],
  'detector.sip-integrity': ['Altered SIP (ALG)', 'SIP altéré (ALG)'],
  'detector.sms-rate': ['SMS', 'SMS'],
  'detector.special-number-long-call': ['Long calls to a special number', 'Longs appels à un numéro spécial'],
  'detector.special-number-mobile-share': ['Share of mobile callers', 'Part d’appels de mobiles'],
  'detector.special-number-pumping': [
    'Repeated calls to a special number',
    'Appels répétés à un numéro spécial',
  ],
  'detector.trial-allowance': ['Trial allowance', 'Crédit d’essai'],
  'detector.udp-flood-filter': ['Router drops UDP', 'Routeur qui perd l’UDP'],
  'detector.transaction-rate': ['SIP transactions per second', 'Transactions SIP par seconde'],
  'detector.answer-seizure-ratio.tip': [
    'Answer-seizure ratio: answered calls divided by attempts',
    'Answer-seizure ratio : appels répondus divisés par les tentatives',
  ],
  'detector.average-call-duration.tip': [
    'Average call duration: total time of answered calls divided by their number',
    'Average call duration : durée totale des appels répondus divisée par leur nombre',
  ],
  'detector.transaction-rate.tip': [
    'A transaction is one SIP request with its answers',
    'Une transaction est une requête SIP avec ses réponses',
  ],
  'detector.sip-integrity.tip': [
    'A router in between (application layer gateway) rewrites signalling',
    'Un routeur intermédiaire (application layer gateway) réécrit la signalisation',
  ],
} as const;
