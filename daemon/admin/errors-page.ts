import { errorCatalogue } from './errors.ts';

/** docs/errors.md: `node daemon/admin/errors-page.ts > docs/errors.md`. A test checks that the file is current. */
export function renderErrorsPage(): string {
  const entries = Object.entries(errorCatalogue).map(
    ([code, { status, title, action }]) => `## ${code}\n\n${status}. ${title}\n\n${action}\n`,
  );
  return [
    '# Errors of the HTTP API\n',
    'Every error is `application/problem+json` (RFC 9457): `type` is `urn:vigie:error:` and the code, `code` the heading below, stable,',
    '`status` the HTTP status, `title` the same for all errors of the code, `detail` about this one request. Some carry more members',
    '(`faults`, `needed`, `suspension`, `request`). This page is made from `daemon/admin/errors.ts`.\n',
    ...entries,
  ].join('\n');
}

if (import.meta.main) process.stdout.write(renderErrorsPage());
