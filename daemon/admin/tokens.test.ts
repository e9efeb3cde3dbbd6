import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalToken, localTokenFile, readLocalToken } from './local-token.ts';
import { allows, hashToken, newToken, TokenList } from './tokens.ts';

test('scopes include the lesser ones', () => {
  const scopes = ['read', 'evidence', 'lift', 'admin'] as const;
  const pairs = scopes.map((held) => scopes.filter((needed) => allows([held], needed)));
  assert.deepEqual(pairs, [['read'], ['read', 'evidence'], ['read', 'evidence', 'lift'], [...scopes]]);
  assert.equal(allows([], 'read'), false);
});

test('the hash is SHA-256 of the token (FIPS 180-2 vector)', () => {
  assert.equal(hashToken('abc'), 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('tokens are found by hash, whatever their place in the list', () => {
  const secrets = [newToken(), newToken(), newToken()];
  assert.equal(new Set(secrets).size, 3);
  const list = new TokenList(
    secrets.map((secret, index) => ({ name: `t${index}`, hash: hashToken(secret), scopes: ['read'] })),
  );
  for (const [index, secret] of secrets.entries()) assert.equal(list.find(secret)?.name, `t${index}`);
  assert.equal(list.find(newToken()), null);
  assert.equal(list.find(hashToken(secrets[0]!)), null);
  assert.equal(new TokenList([{ name: 'odd', hash: 'sha256:short', scopes: ['read'] }]).find('x'), null);
});

test('the local token is written for its owner only and anew at each start', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-token-'));
  try {
    assert.equal(readLocalToken(directory), null);
    const first = createLocalToken(directory);
    const token = readLocalToken(directory)!;
    assert.equal(statSync(localTokenFile(directory)).mode & 0o777, 0o600);
    assert.equal(new TokenList([first]).find(token)?.name, 'local');
    assert.ok(!readFileSync(localTokenFile(directory), 'utf8').includes('sha256'));
    const second = createLocalToken(directory);
    assert.notEqual(second.hash, first.hash);
    assert.equal(new TokenList([second]).find(token), null);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
