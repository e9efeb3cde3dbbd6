import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalToken, readLocalToken } from '../daemon/admin/local-token.ts';
import { apiClient, urlOfListen } from './api-client.ts';
import { CommandFailure } from './exit.ts';

test('a listener is asked where it can be reached', () => {
  assert.equal(urlOfListen('127.0.0.1:8060'), 'http://127.0.0.1:8060');
  assert.equal(urlOfListen('0.0.0.0:80'), 'http://127.0.0.1:80');
  assert.equal(urlOfListen('[::]:8060'), 'http://[::1]:8060');
  assert.equal(urlOfListen('[2001:db8::1]:8060'), 'http://[2001:db8::1]:8060');
});

async function tokenSeenAt(host: string): Promise<{ seen: string | undefined; local: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-api-'));
  let seen: string | undefined;
  const server = createServer((request, reply) => {
    seen = request.headers.authorization;
    reply.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    createLocalToken(directory);
    const config = join(directory, 'vigie.yaml');
    writeFileSync(config, `redis: {directory: ${directory}}\n`);
    const url = `http://${host}:${(server.address() as AddressInfo).port}`;
    await apiClient({ config, url }).get('/');
    return { seen, local: readLocalToken(directory)! };
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
}

test('the local token goes to a daemon on loopback', async () => {
  const { seen, local } = await tokenSeenAt('127.0.0.1');
  assert.equal(seen, `Bearer ${local}`);
});

test('the local token goes nowhere else', async () => {
  // An IPv4-mapped address reaches the same listener, but is not written as one of the loopback forms.
  const { seen } = await tokenSeenAt('[::ffff:127.0.0.1]');
  assert.equal(seen, undefined);
});

test('what is no Vigie is said to be none', async () => {
  const server = createServer((_request, reply) => reply.writeHead(404).end('<html>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assert.rejects(apiClient({ url }).get('/'), (error) => {
      return error instanceof CommandFailure && /answered 404 and no JSON of Vigie's/.test(error.message);
    });
  } finally {
    server.close();
  }
});
