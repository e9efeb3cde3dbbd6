/** The demo as a user starts it: an alert and a suspension come up by themselves, and the suspension is lifted by the API. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild, waitFor } from './harness/child.ts';

const command = new URL('../cli/vigie', import.meta.url).pathname;
/** Nothing is asserted of the time; a demo that hangs is given up. */
const PATIENCE_MS = 120_000;

test('the demo shows an alert and a suspension, and shows the lift that comes by the API', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-demo-'));
  const child = startChild(command, ['demo', '--directory', directory]);
  t.after(async () => {
    await child.stop('SIGINT', 20_000);
    rmSync(directory, { recursive: true, force: true });
  });
  await waitFor('a suspension', () => / SUSPENDED /.test(child.log()), child, PATIENCE_MS);
  await waitFor('an alert', () => / ALERT /.test(child.log()), child, PATIENCE_MS);
  const screen = child.log();
  // Numbers, rule and clause stand in the very line.
  assert.match(
    screen,
    /SUSPENDED {2}customer c\d+ \(.+\): .+ limit .+ \(cmi\.[a-z-]+; general terms 12\.1\)/,
  );
  assert.match(screen, /why: {2}npx vigie explain customer c\d+ --config .*vigie\.yaml/);
  const id = /lift: npx vigie suspensions lift (\S+) --grace 1h --reason ".+" --config .*vigie\.yaml/.exec(
    screen,
  )?.[1];
  const api = /API +(http:\/\/\S+)\/v1\/openapi\.json/.exec(screen)?.[1];
  assert.ok(id !== undefined && api !== undefined, screen);
  const token = readFileSync(join(directory, 'admin-token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

  const before = await (await fetch(`${api}/v1/suspensions/${id}`, { headers })).json();
  assert.equal((before as { state: string }).state, 'active');
  const reply = await fetch(`${api}/v1/suspensions/${id}/lift`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ reason: 'known to us', by: 'alice', graceSeconds: 60 }),
  });
  assert.equal(reply.status, 200, await reply.text());
  const after = await (await fetch(`${api}/v1/suspensions/${id}`, { headers })).json();
  assert.equal((after as { state: string }).state, 'lifted');
  await waitFor(
    'the lift on the screen',
    () => /LIFTED .+ by alice: known to us/.test(child.log()),
    child,
    PATIENCE_MS,
  );

  // Ctrl-C is its only end.
  child.signal('SIGINT');
  assert.deepEqual(await child.exited, { status: 0, signal: null });
  assert.match(child.log(), /Ctrl-C: the demo ends/);
});
