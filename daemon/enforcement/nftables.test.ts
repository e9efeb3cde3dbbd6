import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../telemetry/log.ts';
import { Nftables } from './nftables.ts';

const scratch = mkdtempSync(join(tmpdir(), 'vigie-nft-'));
after(() => rmSync(scratch, { recursive: true }));

test('a list of thousands of addresses is read to its end: nothing is written anew, what nobody wants goes', async () => {
  const addresses = Array.from(
    { length: 6_000 },
    (_, at) => `203.100.${100 + (at >> 7)}.${100 + (at & 127)}`,
  );
  const stale = '203.0.113.77';
  const listed = `${[...addresses, stale].join('\n')}\n`;
  assert.ok(listed.length > 65_536);
  writeFileSync(join(scratch, 'listed'), listed);
  const asked = join(scratch, 'asked');
  writeFileSync(asked, '');
  const script = `if [ "$1" = list ]; then cat ${join(scratch, 'listed')}; else echo "$*" >> ${asked}; fi`;
  const wanted = new Map(
    addresses.map((one) => [`vigie:blocked:source:${one}`, { value: '{}', untilMs: null }]),
  );
  const nftables = new Nftables({
    command: ['/bin/sh', '-c', script, 'helper'],
    wanted: { keysOf: () => [], get: async (key) => wanted.get(key) ?? null, all: async () => wanted },
    clock: () => 0,
    log: silentLog,
  });
  assert.equal(await nftables.reconcile(), 1);
  assert.equal(readFileSync(asked, 'utf8'), `del ${stale}\n`);
  assert.deepEqual(await nftables.health(), { healthy: true, detail: '' });
});
