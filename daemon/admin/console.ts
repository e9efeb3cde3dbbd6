import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Where `npm run build:console` puts the console. */
export const CONSOLE_DIRECTORY = join(import.meta.dirname, '../../console/dist');

/**
 * The page loads from its own host only, runs no inline script, stands in no frame and posts no form (CSP Level 3). Charts set
 * styles by script, which `style-src 'self'` allows.
 */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Vigie: the console is not built</title>
<h1>The console is not built</h1>
<p>The daemon runs, and so does its API. The pages of the console are made once, after installation, from the sources:</p>
<pre>npm run build:console</pre>
<p>Then load this page again; the daemon need not be restarted. <code>npm run quickstart</code>, the Docker image and the Debian
package do it by themselves. Until then the command line shows the same: <code>npx vigie suspensions list</code>.</p>
</html>
`;

/** Whole names only: a path would tell of files elsewhere whether they are there. */
const BUILT_NAME = /^\w[\w.-]*$/;
/** The names of built files carry a hash of what is in them: they never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

/** The web console under `/`: open without a token, for it shows nothing that its reader's token does not get from the API. */
export function mountConsole(server: FastifyInstance, directory = CONSOLE_DIRECTORY): void {
  server.register(async (pages) => {
    pages.register(fastifyStatic, {
      root: directory,
      serve: false,
      cacheControl: false,
      etag: true,
      // The build leaves a `.gz` beside what is worth it.
      preCompressed: true,
      lastModified: false,
    });
    const isThere = (file: string): boolean => existsSync(join(directory, file));
    const send = (reply: FastifyReply, file: string, caching: string): FastifyReply => {
      if (isThere(file)) return reply.headers(PAGE_HEADERS).header('cache-control', caching).sendFile(file);
      reply.callNotFound();
      return reply;
    };
    pages.get('/', (_request, reply) => {
      if (isThere('index.html')) return send(reply, 'index.html', ASK_AGAIN);
      return reply
        .status(503)
        .headers(PAGE_HEADERS)
        .header('content-type', 'text/html; charset=utf-8')
        .send(NOT_BUILT);
    });
    pages.get('/favicon.svg', (_request, reply) => send(reply, 'favicon.svg', ASK_AGAIN));
    pages.get<{ Params: { file: string } }>('/assets/:file', (request, reply) =>
      BUILT_NAME.test(request.params.file)
        ? send(reply, `assets/${request.params.file}`, FOR_EVER)
        : reply.callNotFound(),
    );
  });
}
