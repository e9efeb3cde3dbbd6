import Type, { type TObject } from 'typebox';
import { CustomerSchema, ID_PATTERN, LineSchema, TrunkSchema } from '../../identity/directory-schema.ts';
import { ApiError } from '../errors.ts';
import { checkPreconditions, contentTag } from '../etag.ts';
import { type Route, route } from '../route.ts';
import { listQuery, pageOf } from '../schemas.ts';
import type { AdminServices, DirectoryService } from '../services.ts';

const MAXIMUM_ENTRY_BYTES = 1_048_576;

interface Resource {
  readonly name: 'line' | 'trunk' | 'customer';
  readonly plural: 'lines' | 'trunks' | 'customers';
  /** Path parameter, as interface.md names it. */
  readonly parameter: 'line' | 'id';
  readonly schema: TObject;
  service(services: AdminServices): DirectoryService<{ id: string }>;
}

const preconditions = {
  'if-match': 'ETag of the entry as it was read: it is only changed if it still is so.',
  'if-none-match': '`*`: only if there is no such entry yet.',
};

const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);

function routesOf({ name, plural, parameter, schema, service }: Resource): Route[] {
  const id = Type.String({ pattern: ID_PATTERN });
  const path = `/v1/directory/${plural}/{${parameter}}`;
  const params = Type.Object({ [parameter]: id });
  const body = Type.Object(
    {
      ...Type.Omit(schema, ['id']).properties,
      id: Type.Optional(Type.String({ description: 'As in the path.' })),
    },
    { additionalProperties: false },
  );
  const wanted = (given: object): string => (given as Record<string, string>)[parameter]!;
  const common = { tag: 'directory', params } as const;
  return [
    route({
      method: 'GET',
      path: `/v1/directory/${plural}`,
      operationId: `list${capital(plural)}`,
      summary: `${capital(plural)} of the directory, by id`,
      tag: 'directory',
      scope: 'evidence',
      query: listQuery({
        search: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            description:
              'Only entries with this text in an id, name, user name or number. Pages may then be shorter than `limit`.',
          }),
        ),
      }),
      replies: { 200: { description: 'A page.', schema: pageOf(schema) } },
      errors: [],
      handle: async ({ query, services }) => ({
        status: 200,
        body: await service(services).list(query.limit ?? 50, query.cursor ?? null, query.search),
      }),
    }),
    route({
      ...common,
      method: 'GET',
      path,
      operationId: `get${capital(name)}`,
      summary: `One ${name}`,
      scope: 'evidence',
      replies: { 200: { description: `The ${name}.`, schema } },
      errors: ['entry-not-found'],
      handle: async ({ params, services }) => {
        const entry = await service(services).get(wanted(params));
        if (entry === null) throw new ApiError('entry-not-found', `No ${name} "${wanted(params)}".`);
        return { status: 200, body: entry, headers: { etag: contentTag(entry) } };
      },
    }),
    route({
      ...common,
      method: 'PUT',
      path,
      operationId: `put${capital(name)}`,
      summary: `Create or replace a ${name}`,
      scope: 'admin',
      body,
      maximumBodyBytes: MAXIMUM_ENTRY_BYTES,
      replies: {
        200: { description: 'Replaced.', schema },
        201: { description: 'Created.', schema },
      },
      headers: preconditions,
      errors: ['entry-invalid', 'changed-meanwhile'],
      handle: async ({ params, body, headers, services }) => {
        const given = body as { readonly id?: string };
        const entry = { ...given, id: wanted(params) };
        if (given.id !== undefined && given.id !== entry.id) {
          const faults = [{ path: '/id', message: `must be "${entry.id}" as in the path, or be left out` }];
          throw new ApiError('invalid-input', 'The body has faults.', { faults });
        }
        const result = await service(services).put(entry, (present) => checkPreconditions(headers, present));
        if (result.kind === 'invalid') throw new ApiError('entry-invalid', '', { faults: result.faults });
        const kept = await service(services).get(entry.id);
        const status = result.kind === 'created' ? 201 : 200;
        return { status, body: entry, headers: { etag: contentTag(kept) } };
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path,
      operationId: `delete${capital(name)}`,
      summary: `Remove a ${name}`,
      scope: 'admin',
      replies: { 204: { description: 'Removed.' } },
      headers: preconditions,
      errors: ['entry-not-found', 'entry-in-use', 'entry-in-file', 'changed-meanwhile'],
      handle: async ({ params, headers, services }) => {
        const result = await service(services).delete(wanted(params), (present) =>
          checkPreconditions(headers, present),
        );
        if (result.kind === 'absent')
          throw new ApiError('entry-not-found', `No ${name} "${wanted(params)}".`);
        if (result.kind === 'in-file') throw new ApiError('entry-in-file');
        if (result.kind === 'in-use') throw new ApiError('entry-in-use', '', { faults: result.faults });
        return { status: 204 };
      },
    }),
  ];
}

// The schema of each route has checked what its service gets, hence the widening of the entry type.
const widen = (service: unknown) => service as DirectoryService<{ id: string }>;

export const directoryRoutes: readonly Route[] = [
  ...routesOf({
    name: 'line',
    plural: 'lines',
    parameter: 'line',
    schema: LineSchema,
    service: ({ directory }) => widen(directory.lines),
  }),
  ...routesOf({
    name: 'trunk',
    plural: 'trunks',
    parameter: 'id',
    schema: TrunkSchema,
    service: ({ directory }) => widen(directory.trunks),
  }),
  ...routesOf({
    name: 'customer',
    plural: 'customers',
    parameter: 'id',
    schema: CustomerSchema,
    service: ({ directory }) => widen(directory.customers),
  }),
];
