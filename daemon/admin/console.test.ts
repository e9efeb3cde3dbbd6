import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Fastify from 'fastify';
import { mountConsole } from './console.ts';

function serverOf(t: { after(done: () => void): void }) {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-pages-'));
  const server = Fastify();
  mountConsole(server, join(directory, 'dist'));
  t.after(() => {
    void server.close();
    rmSync(directory, { recursive: true });
  });
  const build = () => {
    mkdirSync(join(directory, 'dist/assets'), { recursive: true });
    writeFileSync(join(directory, 'dist/index.html'), '<!doctype html><title>Vigie</title>');
    writeFileSync(join(directory, 'dist/assets/index-abc.js'), 'console.log(1)');
    writeFileSync(join(directory, 'secret'), 'not for the web');
  };
  return { server, build };
}

test('a console that is not built says what to do, and is there as soon as it is built', async (t) => {
  const { server, build } = serverOf(t);
  const before = await server.inject('/');
  assert.equal(before.statusCode, 503);
  assert.match(before.body, /npm run build:console/);
  assert.match(String(before.headers['content-security-policy']), /^default-src 'none'; script-src 'self';/);
  build();
  const after = await server.inject('/');
  assert.equal(after.statusCode, 200);
  assert.match(after.body, /<title>Vigie<\/title>/);
});

test('the page is asked for again each time, what has a hash in its name is kept for ever', async (t) => {
  const { server, build } = serverOf(t);
  build();
  const page = await server.inject('/');
  assert.equal(page.headers['cache-control'], 'no-cache');
  const again = await server.inject({ url: '/', headers: { 'if-none-match': String(page.headers.etag) } });
  assert.equal(again.statusCode, 304);
  const script = await server.inject('/assets/index-abc.js');
  assert.equal(script.statusCode, 200);
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.match(String(script.headers['content-type']), /javascript/);
});

test('what is not there is not found, is not kept, and nothing outside the console is sent', async (t) => {
  const { server, build } = serverOf(t);
  build();
  for (const url of [
    '/assets/none.js',
    '/assets/..%2f..%2fsecret',
    '/assets/%2e%2e%2f%2e%2e%2fsecret',
    '/assets/',
    '/favicon.svg',
  ]) {
    const answer = await server.inject(url);
    assert.ok(answer.statusCode === 404 || answer.statusCode === 403, `${url}: ${answer.statusCode}`);
    assert.ok(!answer.body.includes('not for the web'), url);
    assert.doesNotMatch(String(answer.headers['cache-control']), /immutable/, url);
  }
});
