import type { Language } from './config.ts';
import type { Effect } from './suspension.ts';

/** What each effect is about and what it leaves as it is, in the words of a letter. */
export interface EffectWords {
  readonly what: string;
  readonly soon: string;
  readonly done: string;
  readonly back: string;
  readonly stays: string;
}

export interface NoticeWords {
  readonly locale: string;
  readonly effects: Readonly<Record<Effect, EffectWords>>;
  /** `of line X`. */
  readonly of: (kind: string, id: string) => string;
  readonly greeting: string;
  /** Placed around a time. */
  readonly from: (time: string) => string;
  readonly since: (time: string) => string;
  readonly until: (time: string) => string;
  readonly on: (time: string) => string;
  readonly liftedBy: (by: string, reason: string) => string;
  readonly expired: string;
  readonly escalated: string;
  readonly review: (after: string) => string;
  readonly brakeEngaged: string;
  readonly brakeReleased: string;
  readonly alert: string;
  readonly stays: string;
  readonly reinstatement: string;
  readonly fee: (fee: string) => string;
  readonly guarantee: string;
  readonly noTerms: string;
  readonly contact: string;
  readonly subjects: Readonly<Record<Told, string>>;
  readonly labels: Readonly<Record<Label, string>>;
  readonly units: Readonly<Record<string, string>>;
  readonly seconds: string;
  readonly automatic: (operator: string) => string;
}

export type Told = 'soon' | 'done' | 'over' | 'escalated' | 'review' | 'alert' | 'brake' | 'released';

export type Label =
  | 'clause'
  | 'rule'
  | 'measured'
  | 'limit'
  | 'window'
  | 'reason'
  | 'recorded'
  | 'since'
  | 'customer'
  | 'calls'
  | 'note'
  | 'mode'
  | 'reference';

const en: NoticeWords = {
  locale: 'en-GB',
  effects: {
    block: {
      what: 'Outgoing calls',
      soon: 'will be suspended',
      done: 'are suspended',
      back: 'are possible again',
      stays: 'Emergency numbers can still be called, and incoming calls still arrive.',
    },
    'block-registration': {
      what: 'Registrations',
      soon: 'will be refused',
      done: 'are refused',
      back: 'are possible again',
      stays: '',
    },
    'restrict-caller-id': {
      what: 'The presentation of the caller’s number on calls',
      soon: 'will be withheld',
      done: 'is withheld',
      back: 'is allowed again',
      stays: 'Calls go on as before, without the number.',
    },
    'refuse-excess': {
      what: 'Calls beyond the limit',
      soon: 'will be refused',
      done: 'are refused',
      back: 'are possible again',
      stays: 'Calls within the limit, emergency calls and incoming calls go on.',
    },
    'per-minute-billing': {
      what: 'The unlimited plan',
      soon: 'will be suspended, and calls billed per minute',
      done: 'is suspended, and calls are billed per minute',
      back: 'holds again',
      stays: 'No call is refused.',
    },
  },
  of: (kind, id) => `of ${kind} ${id}`,
  greeting: 'Hello,',
  from: (time) => `from ${time} on`,
  since: (time) => `since ${time}`,
  until: (time) => `It ends by itself on ${time}.`,
  on: (time) => `on ${time}`,
  liftedBy: (by, reason) => `Lifted by ${by}: ${reason}`,
  expired: 'The time of the suspension is over.',
  escalated: 'The suspension was handed to people to decide what becomes of the contract; it still holds.',
  review: (after) => `This suspension has stood for ${after}: decide what becomes of it.`,
  brakeEngaged: 'Vigie has stopped enforcing: alerts go on, nobody is suspended.',
  brakeReleased: 'Vigie enforces again.',
  alert: 'A rule is broken.',
  stays: 'What stays possible',
  reinstatement: 'How to be reinstated',
  fee: (fee) => `a fee of ${fee}`,
  guarantee: 'a new guarantee',
  noTerms: 'Reply to your operator with what caused this and what was done about it.',
  contact: 'Contact',
  subjects: {
    soon: 'Suspension announced',
    done: 'Suspension',
    over: 'Suspension lifted',
    escalated: 'Suspension escalated',
    review: 'Review due',
    alert: 'Alert',
    brake: 'Enforcement stopped',
    released: 'Enforcement resumed',
  },
  labels: {
    clause: 'Clause',
    rule: 'Rule',
    measured: 'Measured',
    limit: 'Limit',
    window: 'Period',
    reason: 'Reason',
    recorded: 'Recorded',
    since: 'Since',
    customer: 'Customer',
    calls: 'Calls',
    note: 'Note',
    mode: 'Mode',
    reference: 'Reference',
  },
  units: {},
  seconds: 's',
  automatic: (operator) => `This notice was made by Vigie${operator === '' ? '' : ` for ${operator}`}.`,
};

const nouns: Readonly<Record<string, string>> = {
  line: 'de la ligne',
  trunk: 'du trunk',
  customer: 'du client',
  source: 'de l’adresse',
};

const fr: NoticeWords = {
  locale: 'fr-FR',
  effects: {
    block: {
      what: 'Les appels sortants',
      soon: 'seront suspendus',
      done: 'sont suspendus',
      back: 'sont de nouveau possibles',
      stays: 'Les numéros d’urgence restent joignables et les appels entrants continuent d’arriver.',
    },
    'block-registration': {
      what: 'Les enregistrements SIP',
      soon: 'seront refusés',
      done: 'sont refusés',
      back: 'sont de nouveau possibles',
      stays: '',
    },
    'restrict-caller-id': {
      what: 'La présentation du numéro de l’appelant',
      soon: 'sera supprimée',
      done: 'est supprimée',
      back: 'est de nouveau permise',
      stays: 'Les appels continuent comme avant, sans le numéro.',
    },
    'refuse-excess': {
      what: 'Les appels au-delà de la limite',
      soon: 'seront refusés',
      done: 'sont refusés',
      back: 'sont de nouveau possibles',
      stays: 'Les appels dans la limite, les appels d’urgence et les appels entrants continuent.',
    },
    'per-minute-billing': {
      what: 'Le forfait illimité',
      soon: 'sera suspendu et les appels facturés à la minute',
      done: 'est suspendu et les appels sont facturés à la minute',
      back: 's’applique de nouveau',
      stays: 'Aucun appel n’est refusé.',
    },
  },
  of: (kind, id) => `${nouns[kind] ?? kind} ${id}`,
  greeting: 'Bonjour,',
  from: (time) => `à partir du ${time}`,
  since: (time) => `depuis le ${time}`,
  until: (time) => `La mesure prend fin d’elle-même le ${time}.`,
  on: (time) => `le ${time}`,
  liftedBy: (by, reason) => `Levée par ${by} : ${reason}`,
  expired: 'La durée de la suspension est écoulée.',
  escalated:
    'La suspension a été confiée à des personnes, qui décident de la suite du contrat ; elle tient toujours.',
  review: (after) => `Cette suspension dure depuis ${after} : décidez de la suite.`,
  brakeEngaged: 'Vigie n’applique plus de mesure : les alertes continuent, personne n’est suspendu.',
  brakeReleased: 'Vigie applique de nouveau les mesures.',
  alert: 'Une règle n’est pas respectée.',
  stays: 'Ce qui reste possible',
  reinstatement: 'Comment obtenir le rétablissement',
  fee: (fee) => `des frais de ${fee}`,
  guarantee: 'une nouvelle garantie',
  noTerms: 'Répondez à votre opérateur en indiquant la cause et ce qui a été fait pour y remédier.',
  contact: 'Contact',
  subjects: {
    soon: 'Suspension annoncée',
    done: 'Suspension',
    over: 'Suspension levée',
    escalated: 'Suspension confiée à un responsable',
    review: 'Réexamen à faire',
    alert: 'Alerte',
    brake: 'Mesures arrêtées',
    released: 'Mesures reprises',
  },
  labels: {
    clause: 'Clause',
    rule: 'Règle',
    measured: 'Mesuré',
    limit: 'Limite',
    window: 'Période',
    reason: 'Motif',
    recorded: 'Constaté',
    since: 'Depuis',
    customer: 'Client',
    calls: 'Appels',
    note: 'Note',
    mode: 'Mode',
    reference: 'Référence',
  },
  units: {
    attempts: 'tentatives',
    calls: 'appels',
    devices: 'appareils',
    endpoints: 'terminaux',
    faxes: 'télécopies',
    hours: 'heures',
    lines: 'lignes',
    messages: 'messages',
    names: 'noms',
    networks: 'réseaux',
    numbers: 'numéros',
    refusals: 'refus',
    requests: 'requêtes',
    signs: 'indices',
    times: 'fois',
    weeks: 'semaines',
    days: 'jours',
  },
  seconds: 's',
  automatic: (operator) => `Avis établi par Vigie${operator === '' ? '' : ` pour ${operator}`}.`,
};

export const noticeWords: Readonly<Record<Language, NoticeWords>> = { en, fr };

/** `2 months` as suspensions carry it, in the language. */
export function ageText(after: string, language: Language): string {
  if (language === 'en') return after;
  return after
    .replace(/months?/, 'mois')
    .replace(/days?/, (word) => (word === 'day' ? 'jour' : 'jours'))
    .replace('hours', 'heures');
}
