/** The demo as a user starts it: an alert and a suspension come up by themselves, and the suspension is lifted on the console. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild, waitFor } from './harness/child.ts';
import { signIn, startChromium, visit } from './harness/chromium.ts';

const command = new URL('../cli/vigie', import.meta.url).pathname;
/** Nothing is asserted of the time; a demo that hangs is given up. */
const PATIENCE_MS = 120_000;

test('the demo shows an alert and a suspension, on the console too, where two clicks lift it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-demo-'));
  const child = startChild(command, ['demo', '--directory', directory]);
  t.after(async () => {
    await child.stop('SIGINT', 20_000);
    rmSync(directory, { recursive: true, force: true });
  });
  // To its last line: an output can come in pieces.
  await waitFor('a suspension', () => / SUSPENDED .* lift: [^\n]+\n/s.test(child.log()), child, PATIENCE_MS);
  await waitFor('an alert', () => / ALERT /.test(child.log()), child, PATIENCE_MS);
  const screen = child.log();
  // Numbers, rule and clause stand in the very line.
  assert.match(
    screen,
    /SUSPENDED {2}customer c\d+ \(.+\): .+ limit .+ \(cmi\.[a-z-]+; general terms 12\.1\)/,
  );
  assert.match(screen, /why: {2}npx vigie explain customer c\d+ --config .*vigie\.yaml/);
  assert.match(
    screen,
    /lift: npx vigie suspensions lift \S+ --grace 1h --reason ".+" --config .*vigie\.yaml/,
  );
  const origin = /console +(http:\/\/127\.0\.0\.1:\d+)\/\n +sign in with +(vigie_\S+)/.exec(screen);
  assert.ok(origin !== null, screen);

  const browser = await startChromium();
  t.after(() => browser.close());
  const { page, errors, strangers } = await visit(browser, origin[1]);
  await signIn(page, origin[2]);
  const first = page.locator('.suspended-row').last();
  await first.getByText('in force').waitFor();
  await first.getByRole('button').click();
  await page.getByRole('button', { name: 'Lift now' }).click();
  await page.getByText(/ is lifted\.$/).waitFor();
  assert.deepEqual([errors, strangers], [[], []]);
  await waitFor(
    'the lift on the screen',
    () => /LIFTED .+ by local: Spoke with the customer/.test(child.log()),
    child,
    PATIENCE_MS,
  );

  // Ctrl-C is its only end.
  child.signal('SIGINT');
  assert.deepEqual(await child.exited, { status: 0, signal: null });
  assert.match(child.log(), /Ctrl-C: the demo ends/);
});
