import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Fastify from 'fastify';
import { mountConsole } from './console.ts';

const directory = mkdtempSync(join(tmpdir(), 'vigie-console-'));
after(() => rmSync(directory, { recursive: true }));
mkdirSync(join(directory, 'dist/assets'), { recursive: true });
writeFileSync(join(directory, 'dist/index.html'), '<!doctype html>');
writeFileSync(join(directory, 'dist/assets/index-BkX_9-a.js'), 'export {};');
writeFileSync(join(directory, 'secret'), 'not for the web');

const server = Fastify();
mountConsole(server, join(directory, 'dist'));
const get = (url: string) => server.inject({ method: 'GET', url });

test('built files are served, under the policy that the page has', async () => {
  const answer = await get('/assets/index-BkX_9-a.js');
  assert.deepEqual([answer.statusCode, answer.body], [200, 'export {};']);
  assert.match(String(answer.headers['content-security-policy']), /^default-src 'none'; script-src 'self';/);
});

test('what lies elsewhere is answered like what is nowhere', async () => {
  const said = ({ statusCode, body }: { statusCode: number; body: string }, file: string) =>
    `${statusCode} ${body.replace(file, '')}`;
  const absent = said(await get('/assets/absent.js'), 'absent.js');
  assert.match(absent, /^404 /);
  for (const file of [
    '..%2f..%2fsecret',
    '..%2findex.html',
    '%2e%2e%2f%2e%2e%2fsecret',
    '..%5c..%5csecret',
    '%2fetc%2fpasswd',
    'a%00.js',
  ])
    assert.equal(said(await get(`/assets/${file}`), file), absent, file);
});
