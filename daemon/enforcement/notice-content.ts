import { type Finding, findingToJson } from '../policy/finding.ts';
import type { Audience } from './config.ts';
import type { AlertKind } from './decision.ts';
import type { Notice, NoticeEvent } from './notices.ts';
import { type Suspension, suspensionToJson } from './suspension.ts';

/** What a person reads first: what, why, by which clause, and what stays possible. */
function textOf(event: NoticeEvent, s: Suspension): string {
  const what = s.scope === 'outgoing' ? 'Outgoing calls' : 'Registrations';
  const whom = `${s.subject.kind} ${s.subject.id}`;
  const why =
    s.value === null
      ? s.reason
      : `${s.rule}: ${s.value} ${s.unit} against a limit of ${s.limit} (${s.clause})`;
  const stays =
    s.scope === 'outgoing' ? ' Emergency numbers can still be called and incoming calls still arrive.' : '';
  switch (event) {
    case 'suspension.lifted':
      return `${what} of ${whom} are possible again, lifted by ${s.liftedBy}: ${s.liftReason}.`;
    case 'suspension.expired':
      return `${what} of ${whom} are possible again: the time of the suspension is over.`;
    case 'suspension.active':
      return `${what} of ${whom} are suspended. ${why}.${stays}`;
    case 'suspension.review':
      return `${what} of ${whom} have been suspended for long and want a decision. ${why}.`;
    case 'suspension.escalated':
      return `The suspension of ${whom} was escalated; it still holds. ${why}.`;
    default:
      return `${what} of ${whom} are about to be suspended. ${why}.${stays}`;
  }
}

/** The notice of a suspension's step. `extra` goes into the data as it is. */
export function suspensionNotice(
  event: NoticeEvent,
  suspension: Suspension,
  atMs: number,
  extra: object = {},
): Notice {
  const suffix = 'days' in extra ? `-${extra.days}` : '';
  return {
    event,
    key: `${event}-${suspension.id}${suffix}`,
    atMs,
    data: (audience) => ({
      audience,
      text: textOf(event, suspension),
      ...extra,
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
