import Type, { type TProperties, type TSchema } from 'typebox';
import type { AlertKind } from '../enforcement/decision.ts';
import { type Effect, scopes } from '../enforcement/suspension.ts';
import { actions, type HeldAction } from '../policy/finding.ts';

/** Schemas of what goes in and out of the API, beside those of the directory (daemon/identity/directory-schema.ts). */

const closed = { additionalProperties: false };
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const time = (description: string) => Type.String({ format: 'date-time', description });
const timeOrNull = (description: string) => Type.Union([time(description), Type.Null()]);

export const MAXIMUM_GRACE_SECONDS = 31 * 86_400;

export const SubjectKindSchema = Type.Enum(['line', 'trunk', 'customer', 'source', 'called', 'claimed']);
/** Printable, no white space: numbers, account names, addresses. */
export const SubjectIdSchema = Type.String({ pattern: '^[!-~]{1,128}$' });
export const SubjectSchema = Type.Object({ kind: SubjectKindSchema, id: SubjectIdSchema }, closed);

export const PersonSchema = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'Who does this; the name of the token unless given.',
});
export const ReasonSchema = Type.String({
  minLength: 1,
  maxLength: 1_000,
  pattern: '\\S',
  description: 'Why; goes to the audit.',
});
const graceSeconds = Type.Integer({
  minimum: 0,
  maximum: MAXIMUM_GRACE_SECONDS,
  description: 'How long the same rule does not suspend the subject again.',
});

export const LiftBody = Type.Object(
  { reason: ReasonSchema, by: Type.Optional(PersonSchema), graceSeconds: Type.Optional(graceSeconds) },
  closed,
);

export const ReleaseBody = Type.Object({ reason: ReasonSchema, by: Type.Optional(PersonSchema) }, closed);

export const SuspendBody = Type.Object(
  {
    subject: Type.Object(
      { kind: Type.Enum(['line', 'trunk', 'customer', 'source']), id: SubjectIdSchema },
      closed,
    ),
    reason: ReasonSchema,
    by: Type.Optional(PersonSchema),
    clause: Type.Optional(
      Type.String({ maxLength: 256, description: 'Clause of the contract it rests on.' }),
    ),
    customer: Type.Optional(nullable(SubjectIdSchema)),
    mode: Type.Optional(
      Type.Enum(['observe', 'enforce'], { description: 'enforce acts even where policies.mode is observe.' }),
    ),
    action: Type.Optional(
      Type.Enum(['suspend', 'block-registration', 'restrict-caller-id', 'per-minute-billing'], {
        description: 'suspend unless given, block-registration for a source.',
      }),
    ),
    durationSeconds: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 1,
          maximum: 315_360_000,
          description:
            'Ends by itself after; null: when lifted; absent: enforcement.suspensionDuration or, for a source, blockDuration.',
        }),
      ),
    ),
  },
  closed,
);

export const LiftWebhookBody = Type.Object({
  suspensionId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'One suspension, also taken as `id`; either this or `subject`.',
    }),
  ),
  subject: Type.Optional(SubjectSchema),
  reason: ReasonSchema,
  by: Type.String({ minLength: 1, maxLength: 200, description: 'The person who lifts.' }),
  graceSeconds: Type.Optional(graceSeconds),
});

export const FindingSchema = Type.Object({
  id: Type.String(),
  rule: Type.String(),
  policy: Type.String(),
  policyVersion: Type.String(),
  clause: Type.String(),
  subject: SubjectSchema,
  customer: nullable(Type.String()),
  value: Type.Number(),
  limit: Type.Number(),
  unit: Type.String(),
  windowSeconds: Type.Number(),
  at: time('Capture time of the judgement.'),
  since: time('Capture time from which the breach lasted.'),
  action: Type.Enum([...actions]),
  step: Type.Integer(),
  mode: Type.Enum(['observe', 'enforce']),
  held: nullable(Type.String()),
  sample: nullable(Type.Number()),
  evidence: Type.Record(Type.String(), Type.Unknown()),
});

const heldActions = [
  'suspend',
  'block-registration',
  'restrict-caller-id',
  'refuse-excess',
  'per-minute-billing',
] as const satisfies readonly HeldAction[];
const effects = [
  'block',
  'block-registration',
  'restrict-caller-id',
  'refuse-excess',
  'per-minute-billing',
] as const satisfies readonly Effect[];

const alertKinds = [
  'alert',
  'suspended',
  'registration-blocked',
  'caller-id-restricted',
  'excess-refused',
  'billed-per-minute',
  'calls-ended',
  'continued',
  'would-suspend',
  'would-block-registration',
  'would-restrict-caller-id',
  'would-refuse-excess',
  'would-bill-per-minute',
  'would-end-calls',
  'held',
  'in-grace',
  'not-allowed',
] as const satisfies readonly AlertKind[];
export const AlertKindSchema = Type.Enum([...alertKinds]);

export const AlertSchema = Type.Object({
  entry: Type.String({ description: 'Place in the stream.' }),
  kind: AlertKindSchema,
  recordedAt: time('When it was recorded.'),
  note: Type.String({ description: 'Why it is no more than an alert.' }),
  suspensionId: nullable(Type.String()),
  finding: FindingSchema,
});

export const SuspensionSchema = Type.Object({
  id: Type.String(),
  subject: SubjectSchema,
  customer: nullable(Type.String()),
  rule: Type.String({ description: '`manual` where a person suspended.' }),
  policy: Type.String(),
  policyVersion: Type.String(),
  clause: Type.String(),
  scope: Type.Enum([...scopes]),
  action: Type.Enum([...heldActions]),
  effect: Type.Enum([...effects], {
    description:
      'What is done. block: outgoing calls are refused; block-registration: REGISTER of the source; restrict-caller-id: calls go on without the number; refuse-excess: calls beyond `limit` are refused; per-minute-billing: billing is told.',
  }),
  state: Type.Enum(['proposed', 'notified', 'active', 'escalated', 'lifted', 'expired']),
  mode: Type.Enum(['observe', 'enforce']),
  value: nullable(Type.Number()),
  limit: nullable(Type.Number()),
  unit: Type.String(),
  windowSeconds: nullable(Type.Number()),
  evidence: Type.Record(Type.String(), Type.Unknown()),
  finding: nullable(FindingSchema),
  repeats: Type.Integer({ description: 'Further findings of the same rule and subject since.' }),
  lastFindingAt: timeOrNull('Latest of these.'),
  proposedAt: time('Recorded.'),
  notifiedAt: timeOrNull('Notices queued.'),
  activeAt: timeOrNull('Block in force.'),
  escalatedAt: timeOrNull('Handed to people.'),
  durationSeconds: nullable(Type.Number()),
  until: timeOrNull('Ends by itself.'),
  liftedAt: timeOrNull('Lifted.'),
  expiredAt: timeOrNull('Ended by itself.'),
  liftedBy: nullable(Type.String()),
  liftReason: nullable(Type.String()),
  graceUntil: timeOrNull('Until then the same rule does not suspend again.'),
  by: Type.String(),
  reason: Type.String(),
  noticePeriodSeconds: nullable(
    Type.Number({ description: "Between notice and act, as the policy says; null: the configuration's." }),
  ),
  reinstatement: nullable(
    Type.Object(
      { fee: nullable(Type.String()), guarantee: Type.Boolean() },
      { description: 'What coming back may take, as the policy says.' },
    ),
  ),
  reviews: Type.Array(
    Type.Object({
      after: Type.String(),
      clause: Type.String(),
      dueAt: timeOrNull('When people are to decide.'),
      announcedAt: timeOrNull('When they were told.'),
    }),
  ),
});

export const ReadingSchema = Type.Object({
  rule: Type.String(),
  policy: Type.String(),
  policyVersion: Type.String(),
  clause: Type.String(),
  detector: Type.String(),
  title: Type.String(),
  subject: SubjectSchema,
  mode: Type.Enum(['observe', 'enforce']),
  value: nullable(Type.Number()),
  limit: nullable(Type.Number()),
  unit: nullable(Type.String()),
  windowSeconds: nullable(Type.Number()),
  sample: nullable(Type.Number()),
  minimumSample: Type.Number(),
  breached: Type.Boolean({ description: 'Beyond the limit now, whatever the sample.' }),
  significant: Type.Boolean(),
  since: timeOrNull('Since when the breach that is judged has lasted.'),
  step: nullable(Type.Integer({ description: 'Last step of the ladder taken, from 0.' })),
  action: nullable(Type.Enum([...actions])),
  calls: Type.Array(Type.String(), { description: 'Calls that break the rule now.' }),
  tip: nullable(Type.String({ description: 'What would break the rule next.' })),
  evidence: Type.Record(Type.String(), Type.Unknown()),
});

export const ExplanationSchema = Type.Object({
  subject: SubjectSchema,
  customer: nullable(Type.String()),
  provisioned: Type.Boolean({ description: 'It stands in the directory.' }),
  policy: nullable(Type.String()),
  readings: Type.Array(ReadingSchema),
  suspensions: Type.Array(SuspensionSchema),
});

export const ReadinessSchema = Type.Object({
  status: Type.Enum(['ready', 'degraded', 'not-ready']),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      status: Type.Enum(['ok', 'degraded', 'failed']),
      detail: Type.String(),
    }),
  ),
});

export const LivenessSchema = Type.Object({ status: Type.Literal('alive'), uptimeSeconds: Type.Integer() });

export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
});

export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({
    items: Type.Array(item),
    cursor: nullable(
      Type.String({ description: 'Give it back as `cursor` for what follows; null: the end.' }),
    ),
  });
}

/** Query of a list, with its own filters. */
export function listQuery<T extends TProperties>(filters: T) {
  return Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      ...filters,
    },
    closed,
  );
}
