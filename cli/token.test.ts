import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashToken } from '../daemon/admin/tokens.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const vigie = (...given: string[]) => spawnSync(process.execPath, [main, ...given], { encoding: 'utf8' });

test('tokens are listed without their hashes; a revoked one leaves the file, comments and the others stay', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-tokens-'));
  try {
    const config = join(directory, 'vigie.yaml');
    const entry = (name: string, scope: string) =>
      `    - {name: ${name}, hash: "${hashToken(name)}", scopes: [${scope}]}\n`;
    writeFileSync(
      config,
      `# ours\nadmin:\n  tokens:\n${entry('ada', 'lift')}    # the wall\n${entry('wall', 'read')}`,
      { mode: 0o600 },
    );
    const listed = vigie('token', 'list', '--config', config);
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, /^ada +lift$/m);
    assert.doesNotMatch(listed.stdout, /sha256/);
    const unknown = vigie('token', 'revoke', 'eve', '--config', config);
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /has no token eve/);
    const revoked = vigie('token', 'revoke', 'ada', '--config', config);
    assert.equal(revoked.status, 0, revoked.stderr);
    const left = JSON.parse(vigie('token', 'list', '--json', '--config', config).stdout);
    assert.deepEqual(left, [{ name: 'wall', scopes: ['read'] }]);
    const text = readFileSync(config, 'utf8');
    assert.match(text, /^# ours$/m);
    assert.match(text, /# the wall/);
    assert.ok(text.includes(hashToken('wall')) && !text.includes(hashToken('ada')));
    assert.equal(statSync(config).mode & 0o777, 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
