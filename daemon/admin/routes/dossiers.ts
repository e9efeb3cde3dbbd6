import Type from 'typebox';
import type { Dossier } from '../../dossier/chain.ts';
import { CLAIM_DAYS, claimCsv, offSiteCalls } from '../../dossier/claims.ts';
import { customerDossier, suspensionDossier } from '../../dossier/dossier.ts';
import { dossierPage } from '../../dossier/page.ts';
import { Turns } from '../../dossier/turns.ts';
import { ApiError } from '../errors.ts';
import { type Route, type RouteReply, route } from '../route.ts';
import { SubjectIdSchema } from '../schemas.ts';
import type { AdminServices } from '../services.ts';

const DAY_MS = 86_400_000;

/** Shorter than the server waits for an answer. */
const turns = new Turns({ atOnce: 2, mayWait: 8, patienceMs: 14_000 });

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
const formatQuery = {
  format: Type.Optional(
    Type.Enum(['json', 'html'], {
      description: 'html: a page to print, with the JSON inside. Default json.',
    }),
  ),
};

const DossierSchema = Type.Object({
  format: Type.Literal('vigie-dossier/1'),
  entries: Type.Array(
    Type.Object({
      n: Type.Integer({ minimum: 0 }),
      kind: Type.Enum(['dossier', 'subject', 'rule', 'suspension', 'finding', 'act', 'call', 'notice']),
      data: Type.Record(Type.String(), Type.Unknown()),
      hash: Type.String({ description: 'SHA-256 over the hash before and this entry (docs/dossiers.md).' }),
    }),
  ),
  head: Type.String({ description: 'Hash of the last entry; it also stands in the audit.' }),
});

const reply = {
  200: { description: 'The dossier, JSON or HTML as asked for.', schema: DossierSchema },
};

interface Asked {
  readonly services: AdminServices;
  readonly by: string;
  readonly path: string;
  readonly format: 'json' | 'html' | undefined;
}

/** A dossier goes out only when its head is in the audit: that is what proves it later. */
async function handedOut(dossier: Dossier, { services, by, path, format }: Asked): Promise<RouteReply> {
  const { head, entries } = dossier;
  await services.audit.record({
    by,
    from: '',
    operation: 'exportDossier',
    method: 'GET',
    path,
    status: 200,
    body: JSON.stringify({ head, entries: entries.length }),
  });
  if (format !== 'html') return { status: 200, body: dossier };
  return {
    status: 200,
    body: dossierPage(dossier),
    contentType: 'text/html; charset=utf-8',
    // The page has neither script that runs nor anything from elsewhere.
    headers: {
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    },
  };
}

export const dossierRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/suspensions/{id}/dossier',
    operationId: 'suspensionDossier',
    summary: 'All that is kept of a suspension, with a chain of hashes; its head goes to the audit',
    tag: 'suspensions',
    scope: 'evidence',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
    query: Type.Object(formatQuery, { additionalProperties: false }),
    replies: reply,
    errors: ['suspension-not-found', 'exports-limited'],
    handle: async ({ params, query, bearer, services }) => {
      const by = bearer!.name;
      const dossier = await turns.take((signal) =>
        suspensionDossier(services, params.id, { by, nowMs: Date.now(), signal }),
      );
      if (dossier === null) throw new ApiError('suspension-not-found', `No suspension "${params.id}".`);
      const path = `/v1/suspensions/${params.id}/dossier`;
      return handedOut(dossier, { services, by, path, format: query.format });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/customers/{id}/dossier',
    operationId: 'customerDossier',
    summary: 'All lines of a customer: findings and suspensions of a time, as authorities ask for them',
    tag: 'suspensions',
    scope: 'evidence',
    params: Type.Object({ id: SubjectIdSchema }),
    query: Type.Object(
      { ...formatQuery, from: time('Default: 90 days ago.'), to: time('Default: now.') },
      { additionalProperties: false },
    ),
    replies: reply,
    errors: ['subject-not-found', 'exports-limited'],
    handle: async ({ params, query, bearer, services }) => {
      const by = bearer!.name;
      const nowMs = Date.now();
      const { fromMs, toMs } = span(query, nowMs, 90);
      const dossier = await turns.take((signal) =>
        customerDossier(services, params.id, { by, nowMs, fromMs, toMs, signal }),
      );
      if (dossier === null) throw new ApiError('subject-not-found', `Nothing is known of "${params.id}".`);
      const path = `/v1/customers/${encodeURIComponent(params.id)}/dossier`;
      return handedOut(dossier, { services, by, path, format: query.format });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/claims/off-site',
    operationId: 'offSiteClaim',
    summary: "Calls from outside a client's sites, as a refund claim states them",
    tag: 'alerts',
    scope: 'evidence',
    query: Type.Object(
      {
        subject: SubjectIdSchema,
        from: time(`Default: ${CLAIM_DAYS} days ago, the time to claim.`),
        to: time('Default: now.'),
        format: Type.Optional(Type.Enum(['json', 'csv'], { description: 'Default json.' })),
      },
      { additionalProperties: false },
    ),
    replies: {
      200: {
        description: 'The calls by time, JSON or CSV as asked for.',
        schema: Type.Object({
          subject: Type.String(),
          from: Type.String({ format: 'date-time' }),
          to: Type.String({ format: 'date-time' }),
          timezone: Type.String(),
          madeAt: Type.String({ format: 'date-time' }),
          complete: Type.Boolean({ description: 'False: there are more findings than were looked at.' }),
          calls: Type.Array(Type.Record(Type.String(), Type.Unknown())),
        }),
      },
    },
    errors: ['exports-limited'],
    handle: async ({ query, services }) => {
      const nowMs = Date.now();
      const request = { subject: query.subject, nowMs, ...span(query, nowMs, CLAIM_DAYS) };
      const file = await turns.take((signal) => offSiteCalls(services, { ...request, signal }));
      if (query.format !== 'csv') return { status: 200, body: file };
      return { status: 200, body: claimCsv(file), contentType: 'text/csv; charset=utf-8' };
    },
  }),
];

function span(query: { readonly from?: string; readonly to?: string }, nowMs: number, days: number) {
  const toMs = query.to === undefined ? nowMs : Date.parse(query.to);
  const fromMs = query.from === undefined ? nowMs - days * DAY_MS : Date.parse(query.from);
  if (Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs <= toMs) return { fromMs, toMs };
  throw new ApiError('invalid-input', 'from and to are no times in this order.');
}
