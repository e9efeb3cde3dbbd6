import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SCOPES } from '../daemon/admin/tokens.ts';

const launcher = fileURLToPath(new URL('./vigie', import.meta.url));
const run = (command: string, args: readonly string[], input = '') =>
  spawnSync(command, args, { encoding: 'utf8', input });

const bash = run(launcher, ['completion', 'bash']).stdout;

/** What bash would offer for the last word. */
function offered(...words: string[]): string[] {
  const typed = ['vigie', ...words].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = run('bash', [
    '-c',
    `${bash}\nCOMP_WORDS=(${typed}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _vigie; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ]);
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

test('bash completes commands, subcommands, options, and the values of an option', () => {
  assert.deepEqual(offered('sus'), ['suspensions']);
  assert.deepEqual(offered('suspensions', 'li'), ['list', 'lift']);
  assert.deepEqual(offered('suspensions', 'lift', '--reas'), ['--reason']);
  assert.deepEqual(offered('token', 'create', '--scope', ''), [...SCOPES]);
  // After an argument of its own, a command still has its options.
  assert.ok(offered('suspensions', 'lift', 'some-id', '--').includes('--reason'));
});

test('every command of the help is in each script, and zsh borrows from bash', () => {
  const help = run(launcher, ['--help']).stdout;
  const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(
    ([, name]) => name ?? '',
  );
  assert.ok(commands.includes('suspensions') && commands.includes('completion'), help);
  const fish = run(launcher, ['completion', 'fish']).stdout;
  const top = offered('');
  for (const name of commands.filter((name) => name !== 'help')) {
    assert.ok(top.includes(name), name);
    assert.match(fish, new RegExp(`__vigie_at ' -a ${name} `));
  }
  assert.ok(run(launcher, ['completion', 'zsh']).stdout.endsWith(bash));
  assert.equal(run(launcher, ['completion', 'tcsh']).status, 2);
});

test('the man page names every command with its options, and groff has nothing to complain of', () => {
  const { stdout, status } = run(launcher, ['man']);
  assert.equal(status, 0);
  assert.match(stdout, /^\.SS "vigie suspensions lift \[options\] <id>"$/m);
  assert.match(stdout, /^\.B \\-\\-reason <text>$/m);
  const groff = run('groff', ['-man', '-Tutf8', '-ww', '-z'], stdout);
  assert.deepEqual([groff.status, groff.stderr], [0, '']);
});
