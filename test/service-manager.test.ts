/** What systemd hears of the daemon: socat stands at the notify socket, since no systemd runs where tests do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { startChild, waitFor } from './harness/child.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const directory = mkdtempSync(join(tmpdir(), 'vigie-notify-'));
const socket = join(directory, 'notify');
const heard = join(directory, 'heard');
const words = (): string => (existsSync(heard) ? readFileSync(heard, 'latin1') : '');
const beats = (): number => words().split('WATCHDOG=1').length - 1;

let listener: ReturnType<typeof startChild>;
let vigie: TestVigie;

before(async () => {
  listener = startChild('socat', ['-u', `UNIX-RECV:${socket}`, `OPEN:${heard},creat,append`]);
  await waitFor('socat', async () => existsSync(socket), listener);
  vigie = await startVigie({ redisUrl: null, env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' } });
});

after(async () => {
  await vigie?.remove();
  await listener?.stop();
  rmSync(directory, { recursive: true, force: true });
});

it('says that it is ready, with its process id, and beats while its event loop turns', async () => {
  await waitFor('READY=1', async () => words().includes('READY=1'));
  assert.match(words(), new RegExp(`MAINPID=${vigie.pid()}\\b`));
  const before = beats();
  await waitFor('three more beats', async () => beats() >= before + 3);
});

it('beats no more while it is held still, and goes on afterwards', async () => {
  vigie.signal('SIGSTOP');
  // A beat under way may still arrive; then there is silence for many periods.
  let last = -1;
  await waitFor('no beat within a second', async () => {
    const now = beats();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    last = beats();
    return last === now;
  });
  vigie.signal('SIGCONT');
  await waitFor('a beat', async () => beats() > last);
});

it('says that it drains', async () => {
  await vigie.stop();
  await waitFor('STOPPING=1', async () => words().includes('STOPPING=1'));
});

it('has a unit that systemd reads without complaint, with an exposure of 2.0 at most', () => {
  const unit = new URL('../deploy/systemd/vigie.service', import.meta.url).pathname;
  // Exits with 1 above the threshold (in tenths).
  const table = execFileSync(
    'systemd-analyze',
    ['security', '--offline=true', '--threshold=20', '--no-pager', unit],
    { encoding: 'utf8' },
  );
  assert.match(table, /Overall exposure level for vigie\.service: [01]\.\d|: 2\.0 /);
});
