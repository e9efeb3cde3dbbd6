import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { freePort } from '../test/harness/ports.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from './embedded-redis.ts';

const events: string[] = [];
const log = {
  info: (_: object, event: string) => events.push(event),
  warn: (_: object, event: string) => events.push(event),
  error: (_: object, event: string) => events.push(event),
};

async function ask<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { maxRetriesPerRequest: 100 });
  client.on('error', () => {});
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('embedded Redis', { timeout: 60_000 }, () => {
  let directory: string;
  let redis: EmbeddedRedis | undefined;

  beforeEach(() => {
    events.length = 0;
    directory = mkdtempSync(join(tmpdir(), 'vigie-embedded-'));
  });

  afterEach(async () => {
    await redis?.stop();
    redis = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  /** A daemon in a process of its own, for kill -9. */
  async function startDaemon(port: number, password: string | null = null) {
    const program =
      `import { startEmbeddedRedis } from ${JSON.stringify(new URL('./embedded-redis.ts', import.meta.url).href)};` +
      'const log = { info() {}, warn() {}, error() {} };' +
      `const redis = await startEmbeddedRedis({ directory: ${JSON.stringify(directory)}, port: ${port}, password: ${JSON.stringify(password)}, log });` +
      'console.log(JSON.stringify({ url: redis.url, pid: redis.pid() })); setInterval(() => {}, 1000);';
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
    const kill = async () => {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
    };
    return { ...(JSON.parse(line.toString()) as { url: string; pid: number }), kill };
  }

  it('starts with the settings that keep suspensions, and keeps data and port across a stop', async () => {
    const port = await freePort();
    redis = await startEmbeddedRedis({ directory, port, log });
    const settings = await ask(redis.url, async (client) => {
      await client.set('kept', 'yes');
      const read = async (name: string) => ((await client.config('GET', name)) as string[])[1];
      return Promise.all(['appendonly', 'appendfsync', 'maxmemory-policy', 'save', 'bind'].map(read));
    });
    assert.deepEqual(settings, ['yes', 'everysec', 'noeviction', '', '127.0.0.1']);
    const first = redis.pid();
    await redis.stop();
    assert.equal(isAlive(first), false);
    redis = await startEmbeddedRedis({ directory, log });
    assert.equal(redis.url, `redis://127.0.0.1:${port}/0`);
    assert.equal(redis.adopted, false);
    assert.equal(await ask(redis.url, (client) => client.get('kept')), 'yes');
  });

  it('outlives kill -9 of its daemon, and the next daemon takes it over', async () => {
    const daemon = await startDaemon(await freePort());
    await ask(daemon.url, (client) => client.set('kept', 'yes'));
    await daemon.kill();
    assert.equal(isAlive(daemon.pid), true);
    redis = await startEmbeddedRedis({ directory, log });
    assert.equal(redis.adopted, true);
    assert.equal(redis.url, daemon.url);
    assert.equal(redis.pid(), daemon.pid);
    assert.equal(await ask(redis.url, (client) => client.get('kept')), 'yes');
    await redis.stop();
    assert.equal(isAlive(daemon.pid), false);
  });

  it('watches over a server it took over, too', async () => {
    const daemon = await startDaemon(await freePort());
    await daemon.kill();
    redis = await startEmbeddedRedis({ directory, log });
    process.kill(daemon.pid, 'SIGKILL');
    await until(() => events.includes('embedded_redis.restarted'));
    assert.notEqual(redis.pid(), daemon.pid);
    assert.equal(await ask(redis.url, (client) => client.ping()), 'PONG');
  });

  it('moves a server it took over when another port is asked for', async () => {
    const daemon = await startDaemon(await freePort());
    await ask(daemon.url, (client) => client.set('kept', 'yes'));
    await daemon.kill();
    const port = await freePort();
    redis = await startEmbeddedRedis({ directory, port, log });
    assert.equal(redis.port, port);
    assert.equal(isAlive(daemon.pid), false);
    assert.equal(await ask(redis.url, (client) => client.get('kept')), 'yes');
  });

  it('starts Redis again when it dies, with what was written', async () => {
    redis = await startEmbeddedRedis({ directory, port: await freePort(), log });
    const first = redis.pid();
    await ask(redis.url, (client) => client.set('kept', 'yes'));
    process.kill(first, 'SIGKILL');
    await until(() => events.includes('embedded_redis.restarted'));
    assert.notEqual(redis.pid(), first);
    assert.equal(await ask(redis.url, (client) => client.get('kept')), 'yes');
  });

  it('refuses a directory that a live daemon uses, and leaves that daemon its Redis', async () => {
    const daemon = await startDaemon(await freePort());
    try {
      await assert.rejects(startEmbeddedRedis({ directory, log }), /is in use by process \d+/);
      assert.equal(await ask(daemon.url, (client) => client.ping()), 'PONG');
    } finally {
      await daemon.kill();
      redis = await startEmbeddedRedis({ directory, log });
    }
  });

  it('does not mistake a stranger with the owner’s process number for the owner', async () => {
    writeFileSync(join(directory, 'owner'), '1 999999999999');
    redis = await startEmbeddedRedis({ directory, port: await freePort(), log });
    assert.equal(redis.adopted, false);
  });

  it('refuses a given port that another program holds, and goes round a remembered one', async () => {
    const stranger = createServer((socket) => socket.end('not redis\r\n')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    await assert.rejects(
      startEmbeddedRedis({ directory, port, log }),
      new RegExp(`port ${port} .* is taken`),
    );
    writeFileSync(join(directory, 'port'), String(port));
    redis = await startEmbeddedRedis({ directory, log });
    assert.notEqual(redis.port, port);
    stranger.close();
  });

  it('with a password answers nobody who does not give it, and keeps the data when the password changes', async () => {
    const port = await freePort();
    const withPassword = (password: string) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/0`;
    const secret = 'with "quotes", \\ and spaces';
    redis = await startEmbeddedRedis({ directory, port, log, password: secret });
    assert.equal(statSync(join(directory, 'redis.conf')).mode & 0o777, 0o600);
    await assert.rejects(
      ask(redis.url, (client) => client.get('kept')),
      /NOAUTH/,
    );
    await ask(withPassword(secret), (client) => client.set('kept', 'yes'));
    process.kill(redis.pid(), 'SIGKILL');
    await until(() => events.includes('embedded_redis.restarted'));
    await redis.stop();
    redis = await startEmbeddedRedis({ directory, log, password: 'another' });
    assert.equal(redis.port, port);
    assert.equal(await ask(withPassword('another'), (client) => client.get('kept')), 'yes');
    await assert.rejects(
      ask(withPassword(secret), (client) => client.get('kept')),
      /WRONGPASS|NOAUTH/,
    );
  });

  it('left open by a crashed daemon, it is started anew with the password, and never twice on its files', async () => {
    const port = await freePort();
    const daemon = await startDaemon(port);
    await ask(daemon.url, (client) => client.set('kept', 'yes'));
    await daemon.kill();
    redis = await startEmbeddedRedis({ directory, log, password: 'secret' });
    assert.equal(redis.adopted, false);
    assert.equal(isAlive(daemon.pid), false);
    const url = `redis://:secret@127.0.0.1:${redis.port}/0`;
    assert.equal(await ask(url, (client) => client.get('kept')), 'yes');
    await redis.stop();
    const next = await startDaemon(port, 'secret');
    await next.kill();
    redis = await startEmbeddedRedis({ directory, log, password: 'changed' });
    assert.equal(isAlive(next.pid), false);
    const changed = `redis://:changed@127.0.0.1:${redis.port}/0`;
    assert.equal(await ask(changed, (client) => client.get('kept')), 'yes');
  });

  it('says what to install when there is no redis-server', async () => {
    await assert.rejects(
      startEmbeddedRedis({ directory, port: await freePort(), log, command: 'no-such-redis-server' }),
      /no-such-redis-server is not installed; install it .* or set redis\.url/,
    );
  });
});
