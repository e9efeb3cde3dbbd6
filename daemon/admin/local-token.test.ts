import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalToken, localTokenFile, readLocalToken } from './local-token.ts';
import { hashToken } from './tokens.ts';

const module = new URL('./local-token.ts', import.meta.url).href;

/** A daemon in a process of its own, which takes the token and lives until it is killed. */
async function another(directory: string) {
  const program = `import { createLocalToken } from ${JSON.stringify(module)};
    console.log(createLocalToken(${JSON.stringify(directory)}).hash); setInterval(() => {}, 1000);`;
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
  return {
    hash: line.toString().trim(),
    kill: async () => {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
    },
  };
}

test('a token is made anew at each start, for its owner only', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-token-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const first = createLocalToken(directory);
  const second = createLocalToken(directory);
  assert.notEqual(first.hash, second.hash);
  assert.equal(second.hash, hashToken(readLocalToken(directory)!));
  assert.equal(statSync(localTokenFile(directory)).mode & 0o777, 0o600);
});

test('daemons that share a directory share the token while one of them lives', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-token-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const first = await another(directory);
  const second = await another(directory);
  const own = createLocalToken(directory);
  assert.deepEqual([second.hash, own.hash], [first.hash, first.hash]);
  await first.kill();
  const third = await another(directory);
  assert.equal(third.hash, first.hash);
  await second.kill();
  await third.kill();
  assert.notEqual(createLocalToken(directory).hash, first.hash);
  assert.equal(
    readFileSync(`${localTokenFile(directory)}.users`, 'utf8')
      .trim()
      .split('\n').length,
    1,
  );
});
