import Type from 'typebox';
import { ID_PATTERN } from '../../identity/directory-schema.ts';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import { PersonSchema, ReasonSchema } from '../schemas.ts';

const closed = { additionalProperties: false };
const amount = (description: string) => Type.Number({ minimum: 0, maximum: 1_000_000_000, description });
const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const CreditSchema = Type.Object({
  customer: Type.String(),
  currency: Type.String({ description: 'Of all amounts, ISO 4217.' }),
  owed: orNull(
    Type.Number({
      description:
        'For calls ended and going on that the plan does not include, less the payments; below 0: paid ahead. Null: no rule keeps it.',
    }),
  ),
  threshold: orNull(Type.Number({ description: 'What it may owe; null: none is agreed.' })),
  suspension: orNull(Type.String({ description: 'Its open suspension for credit.' })),
  entries: Type.Array(
    Type.Object({
      at: Type.String({ format: 'date-time' }),
      paid: Type.Number(),
      threshold: orNull(Type.Number({ description: 'Threshold from then on.' })),
      reference: orNull(Type.String()),
      by: Type.String(),
      reason: Type.String(),
    }),
    { description: 'The last 20 payments and changes, newest first.' },
  ),
});

const CreditBody = Type.Object(
  {
    amount: Type.Optional(amount('Paid, in the currency.')),
    all: Type.Optional(Type.Boolean({ description: 'All that is owed now was paid.' })),
    threshold: Type.Optional(amount('What the customer may owe from now on, in the currency.')),
    reference: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'Of the payment: the same reference sent again changes nothing.',
      }),
    ),
    reason: ReasonSchema,
    by: Type.Optional(PersonSchema),
  },
  closed,
);

const IdParams = Type.Object({ id: Type.String({ pattern: ID_PATTERN }) });
const absent = (id: string) => new ApiError('entry-not-found', `No customer "${id}".`);

export const creditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/customers/{id}/credit',
    operationId: 'credit',
    summary: 'What a customer owes for calls, and its threshold',
    tag: 'directory',
    scope: 'read',
    personal: true,
    params: IdParams,
    replies: { 200: { description: 'How it stands now.', schema: CreditSchema } },
    errors: ['entry-not-found'],
    handle: async ({ params, services }) => {
      const credit = await services.credit.show(params.id);
      if (credit === null) throw absent(params.id);
      return { status: 200, body: credit };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/customers/{id}/credit',
    operationId: 'recordCredit',
    summary: 'Record a payment or another threshold; a suspension for credit whose cause is gone is lifted',
    tag: 'directory',
    scope: 'admin',
    personal: true,
    params: IdParams,
    body: CreditBody,
    replies: { 200: { description: 'How it stands then.', schema: CreditSchema } },
    errors: ['entry-not-found', 'credit-not-watched'],
    handle: async ({ params, body, bearer, services }) => {
      const said = [body.amount !== undefined, body.all === true, body.threshold !== undefined];
      if (!said.includes(true) || (said[0] && said[1])) {
        const message = 'one of amount and all, or threshold, is needed';
        throw new ApiError('invalid-input', '', { faults: [{ path: '/body', message }] });
      }
      const { all = false, ...rest } = body;
      const credit = await services.credit.order({
        ...rest,
        all,
        customer: params.id,
        by: body.by ?? bearer!.name,
      });
      if (credit === null || credit === 'unlisted') throw absent(params.id);
      if (credit === 'unwatched') throw new ApiError('credit-not-watched');
      return { status: 200, body: credit };
    },
  }),
];
