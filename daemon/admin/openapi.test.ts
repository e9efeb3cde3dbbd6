import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type ErrorCode, errorCatalogue } from './errors.ts';
import { renderErrorsPage } from './errors-page.ts';
import { adminRoutes } from './server.ts';
import { adminFixture } from './services.fixture.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly in: string; readonly required: boolean }[];
  readonly security: readonly unknown[];
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: { $ref?: string } }> }>>;
}

/** The routes that interface.md and the directory lists name. */
const wanted = [
  'DELETE /v1/directory/customers/{id}',
  'DELETE /v1/directory/lines/{line}',
  'DELETE /v1/directory/trunks/{id}',
  'DELETE /v1/subjects/line/{id}/data',
  'GET /livez',
  'GET /metrics',
  'GET /readyz',
  'GET /v1/alerts',
  'GET /v1/audit',
  'GET /v1/brake',
  'GET /v1/calls/{callId}',
  'GET /v1/claims/off-site',
  'GET /v1/customers/{id}/credit',
  'GET /v1/customers/{id}/dossier',
  'GET /v1/deliveries',
  'GET /v1/directory/customers',
  'GET /v1/directory/customers/{id}',
  'GET /v1/directory/lines',
  'GET /v1/directory/lines/{line}',
  'GET /v1/directory/trunks',
  'GET /v1/directory/trunks/{id}',
  'GET /v1/events',
  'GET /v1/ingest',
  'GET /v1/modes',
  'GET /v1/openapi.json',
  'GET /v1/policies',
  'GET /v1/policies/{id}',
  'GET /v1/session',
  'GET /v1/subjects',
  'GET /v1/subjects/line/{id}/export',
  'GET /v1/subjects/{kind}/{id}',
  'GET /v1/suspensions',
  'GET /v1/suspensions/{id}',
  'GET /v1/suspensions/{id}/dossier',
  'POST /v1/brake/release',
  'POST /v1/customers/{id}/credit',
  'POST /v1/deliveries/{id}/replay',
  'POST /v1/suspensions',
  'POST /v1/suspensions/{id}/lift',
  'POST /v1/webhooks/lift',
  'PUT /v1/directory/customers/{id}',
  'PUT /v1/directory/lines/{line}',
  'PUT /v1/directory/trunks/{id}',
  'PUT /v1/modes',
];

test('the document has every route, each with replies, errors and its path parameters', async () => {
  const { call } = adminFixture();
  const { status, json } = await call('GET', '/v1/openapi.json', { scope: null });
  assert.equal(status, 200);
  assert.equal(json.openapi, '3.1.0');
  const found: string[] = [];
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries<Record<string, Operation>>(json.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      found.push(`${method.toUpperCase()} ${path}`);
      ids.add(operation.operationId);
      const inPath = operation.parameters.filter(
        (parameter) => parameter.in === 'path' && parameter.required,
      );
      assert.equal(inPath.length, path.match(/\{/g)?.length ?? 0, path);
      assert.ok(
        Object.keys(operation.responses).some((code) => code.startsWith('2')),
        path,
      );
      assert.equal(
        operation.responses['500']!.content['application/problem+json']!.schema.$ref,
        '#/components/schemas/Problem',
      );
      assert.equal(
        operation.security.length > 0,
        '401' in operation.responses && operation.operationId !== 'liftByWebhook',
        path,
      );
    }
  }
  assert.deepEqual(found.toSorted(), wanted);
  assert.equal(ids.size, wanted.length);
});

test('codes look alike, have a client or server status, and are documented in docs/errors.md', () => {
  for (const [code, { status, title, action }] of Object.entries(errorCatalogue)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(status >= 400 && status < 600 && title.length > 0 && action.length > 0, code);
  }
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  assert.equal(page, renderErrorsPage(), 'run: node daemon/admin/errors-page.ts > docs/errors.md');
});

test('every code of the catalogue is used, and only codes of the catalogue are', () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/test|fixture|errors|openapi/.test(file),
  );
  const code = files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
  const enforcement = ['errors', 'lift-webhook']
    .map((name) => readFileSync(new URL(`../enforcement/${name}.ts`, import.meta.url), 'utf8'))
    .join('\n');
  const unused = (Object.keys(errorCatalogue) as ErrorCode[]).filter(
    (name) => !(code + enforcement).includes(`'${name}'`),
  );
  assert.deepEqual(unused, []);
  assert.ok(adminRoutes('0').every(({ errors }) => errors.every((name) => name in errorCatalogue)));
});

test('the document is OpenAPI 3.1 by the schema of its specification', async () => {
  const { call } = adminFixture();
  const { json } = await call('GET', '/v1/openapi.json', { scope: null });
  const validator = new Validator();
  const { valid, errors } = await validator.validate(json);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, '3.1');
  const { operationId: _without, ...broken } = json.paths['/v1/session'].get;
  json.paths['/v1/session'].get = { ...broken, responses: 'none' };
  assert.equal((await new Validator().validate(json)).valid, false);
});
