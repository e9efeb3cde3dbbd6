import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalToken, readLocalToken } from '../daemon/admin/local-token.ts';
import { apiClient, keyOf, urlOfListen } from './api-client.ts';
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

/** A daemon that cuts the first answers off, after it was asked. */
async function withCuts(cuts: number, work: (url: string, seen: (readonly string[])[]) => Promise<void>) {
  const seen: (readonly string[])[] = [];
  const server = createServer((request, reply) => {
    const { method = '', headers } = request;
    request.resume().on('end', () => {
      seen.push([method, String(headers['idempotency-key'])]);
      if (seen.length <= cuts) request.socket.destroy();
      else reply.end('{"done":true}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.close();
  }
}

test('a post whose answer is lost is sent again under the same key, each call under its own', async () => {
  await withCuts(2, async (url, seen) => {
    const client = apiClient({ url });
    assert.deepEqual(await client.post('/', {}), { done: true });
    await client.post('/', {});
    const keys = seen.map(([, key]) => key);
    assert.equal(seen.length, 4);
    assert.match(keys[0]!, /^[!-~]{20,255}$/);
    assert.deepEqual([keys[1], keys[2]], [keys[0], keys[0]]);
    assert.notEqual(keys[3], keys[0]);
  });
});

test('when the answer is lost for good, it says with which key the command can be repeated', async () => {
  await withCuts(3, async (url, seen) => {
    const posted = apiClient({ url }).post('/', {});
    const error: Error = await posted.then(
      () => assert.fail('no answer came'),
      (failure) => failure,
    );
    assert.ok(error instanceof CommandFailure);
    const key = /--idempotency-key (\S+) does it once/.exec(error.message)?.[1];
    assert.deepEqual(
      seen,
      [0, 1, 2].map(() => ['POST', key]),
    );
    await apiClient({ url, idempotencyKey: key! }).post('/', {}, 'another');
    assert.deepEqual(seen[3], ['POST', key]);
  });
});

test('a question is asked once, and what never arrived is not sent again', async () => {
  await withCuts(1, async (url, seen) => {
    await assert.rejects(apiClient({ url }).get('/'), CommandFailure);
    assert.deepEqual(seen, [['GET', 'undefined']]);
  });
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.93.17.5', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await assert.rejects(apiClient({ url: `http://127.93.17.5:${port}` }).post('/', {}), (error) => {
    return error instanceof CommandFailure && !/idempotency/.test(error.message);
  });
});

test('the key of an act is the same for the same act only', () => {
  assert.equal(keyOf('lift', 'a', { reason: 'r' }), keyOf('lift', 'a', { reason: 'r' }));
  assert.notEqual(keyOf('lift', 'a', { reason: 'r' }), keyOf('lift', 'b', { reason: 'r' }));
  assert.notEqual(keyOf('lift', 'a', { reason: 'r' }), keyOf('lift', 'a', { reason: 's' }));
});
