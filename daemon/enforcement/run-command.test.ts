import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { waitFor } from '../../test/harness/child.ts';
import { runCommand } from './run-command.ts';

const node = process.execPath;

test('arguments reach the program as they are: no shell, no standard input, no environment of ours', async () => {
  const odd = ['$(id)', '; rm -rf /', "'", '"', '`x`', '*', '', 'é\\'];
  process.env['VIGIE_TEST_SECRET'] = 'word';
  const script =
    'console.log(JSON.stringify([process.argv.slice(1), process.env.VIGIE_TEST_SECRET ?? null]))';
  const { status, output, error } = await runCommand(node, ['-e', script, '--', ...odd], 10_000);
  assert.deepEqual([status, error], [0, '']);
  assert.deepEqual(JSON.parse(output), [odd, null]);
});

test('a status other than 0 is an error that quotes the output', async () => {
  const { status, error } = await runCommand('/bin/sh', ['-c', 'echo no such line >&2; exit 3'], 10_000);
  assert.equal(status, 3);
  assert.equal(error, 'ended with 3: no such line');
});

test('output is read to its end and kept in part', async () => {
  const { status, output } = await runCommand('/usr/bin/head', ['-c', '3000000', '/dev/zero'], 10_000);
  assert.equal(status, 0);
  assert.equal(output.length, 65_536);
});

test('what takes too long is ended with all that it started, also where it does not want to', async () => {
  const script = 'trap "" TERM; sleep 300 & echo $!; wait; wait; sleep 300';
  const { status, output, error } = await runCommand('/bin/sh', ['-c', script], 500);
  assert.equal(status, null);
  assert.equal(error, 'not done within 500 ms');
  assert.match(output, /^\d+\n$/);
  // The kernel closes its outputs, which is what was waited for, a moment before it is gone.
  await waitFor('its end', () => !isRunning(Number(output.trim())));
});

/** A process that has ended may be left as a zombie until somebody asks after it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a program that is not there, and an argument that no program can take, are errors', async () => {
  assert.match((await runCommand('/nonexistent/program', [], 1_000)).error, /ENOENT/);
  assert.match((await runCommand('/bin/echo', ['a\0b'], 1_000)).error, /null bytes/);
});
