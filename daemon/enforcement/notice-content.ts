import { type Finding, findingToJson } from '../policy/finding.ts';
import type { Audience } from './config.ts';
import type { AlertKind } from './decision.ts';
import type { Notice, NoticeEvent } from './notices.ts';
import { type Review, reviewToJson } from './reviews.ts';
import { type Effect, type Suspension, suspensionToJson } from './suspension.ts';

/** What each effect is about, and what it leaves as it is. */
const words: Readonly<
  Record<
    Effect,
    {
      readonly what: string;
      readonly soon: string;
      readonly done: string;
      readonly back: string;
      readonly stays: string;
    }
  >
> = {
  block: {
    what: 'Outgoing calls',
    soon: 'are about to be suspended',
    done: 'are suspended',
    back: 'are possible again',
    stays: ' Emergency numbers can still be called and incoming calls still arrive.',
  },
  'block-registration': {
    what: 'Registrations',
    soon: 'are about to be suspended',
    done: 'are suspended',
    back: 'are possible again',
    stays: '',
  },
  'restrict-caller-id': {
    what: "The caller's number on calls",
    soon: 'is about to be withheld',
    done: 'is withheld',
    back: 'is presented again',
    stays: ' Calls go on as before.',
  },
  'refuse-excess': {
    what: 'Calls beyond the limit',
    soon: 'are about to be refused',
    done: 'are refused',
    back: 'are possible again',
    stays: ' Calls within the limit, emergency calls and incoming calls go on.',
  },
  'per-minute-billing': {
    what: 'The unlimited plan',
    soon: 'is about to be suspended: calls will be billed per minute',
    done: 'is suspended: calls are billed per minute',
    back: 'holds again',
    stays: ' No call is refused.',
  },
};

/** What a person reads first: what, why, by which clause, what stays possible, and what it takes to come back. */
function textOf(event: NoticeEvent, s: Suspension): string {
  const { what, soon, done, back, stays } = words[s.effect];
  const whom = `${s.subject.kind} ${s.subject.id}`;
  const why =
    s.value === null
      ? s.reason
      : `${s.rule}: ${s.value} ${s.unit} against a limit of ${s.limit} (${s.clause})`;
  const price = reinstatementText(s);
  switch (event) {
    case 'suspension.lifted':
      return `${what} of ${whom} ${back}, lifted by ${s.liftedBy}: ${s.liftReason}.${price}`;
    case 'suspension.expired':
      return `${what} of ${whom} ${back}: the time of the suspension is over.`;
    case 'suspension.active':
    case 'plan.per-minute-billing':
      return `${what} of ${whom} ${done}. ${why}.${stays}${price}`;
    case 'suspension.escalated':
      return `The suspension of ${whom} was escalated; it still holds. ${why}.`;
    default:
      return `${what} of ${whom} ${soon}. ${why}.${stays}${price}`;
  }
}

/** Empty where the policy says nothing of it. */
function reinstatementText({ reinstatement }: Suspension): string {
  if (reinstatement === null) return '';
  const { fee, guarantee } = reinstatement;
  const asked = [fee === null ? '' : `a fee of ${fee}`, guarantee ? 'a new guarantee' : ''].filter(Boolean);
  return asked.length === 0 ? '' : ` Reinstatement may need ${asked.join(' and ')}.`;
}

/** The notice of a suspension's step. */
export function suspensionNotice(event: NoticeEvent, suspension: Suspension, atMs: number): Notice {
  return {
    event,
    key: `${event}-${suspension.id}`,
    atMs,
    data: (audience) => ({
      audience,
      text: textOf(event, suspension),
      suspension: shown(suspension, audience),
    }),
  };
}

/** A suspension has stood until the age of a review: people are to decide. */
export function reviewNotice(suspension: Suspension, review: Review, atMs: number): Notice {
  const event = 'suspension.review-due';
  const { what, done } = words[suspension.effect];
  const { kind, id } = suspension.subject;
  const by = review.clause === '' ? '' : ` (${review.clause})`;
  return {
    event,
    key: `${event}-${suspension.id}-${review.after.replaceAll(' ', '-')}`,
    atMs,
    data: (audience) => ({
      audience,
      text: `${what} of ${kind} ${id} ${done}, for ${review.after} now${by}: decide what becomes of it.`,
      review: reviewToJson({ ...review, announcedAtMs: atMs }),
      suspension: shown(suspension, audience),
    }),
  };
}

function shown(suspension: Suspension, audience: Audience): object {
  const { finding, evidence, by, liftedBy, ...json } = suspensionToJson(suspension);
  if (audience === 'operator') return { ...json, by, liftedBy, evidence, finding };
  return { ...json, evidence: { callIds: suspension.evidence.callIds } };
}

export function alertNotice(finding: Finding, kind: AlertKind, note: string, atMs: number): Notice {
  return {
    event: 'alert',
    key: `alert-${finding.id.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)}`,
    atMs,
    data: (audience) => ({ audience, kind, note, finding: findingToJson(finding) }),
  };
}

export interface BrakeChange {
  readonly engaged: boolean;
  readonly reason: string;
  readonly atMs: number;
}

export function brakeNotice({ engaged, reason, atMs }: BrakeChange): Notice {
  const event = engaged ? 'brake.engaged' : 'brake.released';
  return {
    event,
    key: `${event}-${Math.trunc(atMs)}`,
    atMs,
    data: (audience) => ({ audience, engaged, reason }),
  };
}
