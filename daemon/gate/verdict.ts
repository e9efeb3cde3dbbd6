import type { GateMethod } from './question.ts';

/** How a refused request is answered. */
export interface Refusal {
  readonly status: 403 | 603 | 608;
  readonly phrase: string;
  /** Reason (RFC 3326), and Call-Info where the code asks for it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Why a request goes on, or does not. Fixed words: they are labels of metrics. */
export type Grounds =
  | 'clear'
  | 'in-dialog'
  | 'other-method'
  | 'emergency'
  | 'incoming'
  | 'unreadable'
  | 'deadline'
  | 'state-away'
  | 'fault'
  | 'suspended'
  | 'too-many-calls';

export type GateVerdict =
  | {
      readonly pass: true;
      readonly grounds: Exclude<Grounds, 'suspended' | 'too-many-calls'>;
      /** The caller's number is not to be presented. */
      readonly restrictCallerId: boolean;
    }
  | {
      readonly pass: false;
      readonly grounds: 'suspended' | 'too-many-calls';
      readonly rule: string;
      readonly refusal: Refusal;
    };

export interface RefusalPolicy {
  /** What a refused call is answered; REGISTER is always answered 403. */
  readonly status: 403 | 603 | 608;
  /** Other codes for single rules, by rule id. */
  readonly statusByRule: Readonly<Record<string, 403 | 603 | 608>>;
  /** Where the signed contact card is that RFC 8688 section 3.2 wants in Call-Info of a 608; null: none. */
  readonly contactCard: string | null;
}

const PHRASES = { 403: 'Forbidden', 603: 'Decline', 608: 'Rejected' } as const;

/**
 * The answer that names the rule. It begins its Reason text with `vigie`, by which the pipeline knows a refusal of ours: it is no fault
 * of the customer's and counts in no ratio.
 */
export function refusalOf(method: GateMethod, rule: string, policy: RefusalPolicy): Refusal {
  const wanted = Object.hasOwn(policy.statusByRule, rule) ? policy.statusByRule[rule] : policy.status;
  let status = method === 'REGISTER' ? 403 : wanted;
  // Without a card to point to, a 608 would leave the caller no way to complain.
  if (status === 608 && policy.contactCard === null) status = 403;
  const named = /^[A-Za-z0-9._-]{1,128}$/.test(rule) ? `vigie ${rule}` : 'vigie';
  return {
    status,
    phrase: PHRASES[status],
    headers: {
      Reason: `SIP;cause=${status};text="${named}"`,
      ...(status === 608 ? { 'Call-Info': `<${policy.contactCard}>;purpose=jwscard` } : {}),
    },
  };
}
