/** From packets and a rate deck to a finding: a night of dear calls, against three weeks of the customer's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectors } from '../detectors/index.ts';
import { defaultConfig } from './config/load.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { emergencyNumbers } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { CARRIER, call, type Frame, PROXY, packetOf } from './pipeline/dialog.fixture.ts';
import type { Finding } from './policy/finding.ts';
import { parseDeck } from './rating/deck-file.ts';
import { RateDeck } from './rating/rate-deck.ts';
import { MemoryStore } from './windows/memory-store.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 2, 9);
const TRUNK = '198.51.100.77:5060';

/** Two euros a minute, whatever the number. */
function deck(): RateDeck {
  const { rows, faults } = parseDeck(
    'd.csv',
    'prefix,kind,per_minute,connection_fee,increment\n*,,2,,1/1\n',
    'Europe/Paris',
  );
  assert.deepEqual(faults, []);
  return new RateDeck('d', rows);
}

function findingsOf(frames: readonly Frame[]): Finding[] {
  const config = defaultConfig();
  const { policies } = loadPolicies(null, detectors);
  const directory = Directory.empty();
  directory.replace({
    customers: [{ id: 'c1', policy: 'cmi' }],
    trunks: [{ id: 't1', customer: 'c1', sources: ['198.51.100.77/32'] }],
  });
  const findings: Finding[] = [];
  const { pipeline, engine } = createCore({
    config: {
      ...config,
      network: { ...config.network, proxies: [PROXY], carriers: [CARRIER] },
      rating: { ...config.rating, deck: 'd' },
    },
    directory,
    policies: new Map([...policies].map(([id, policy]) => [id, settleModes(config.policies, policy)])),
    emergency: emergencyNumbers(['FR']),
    decks: new Map([['d', deck()]]),
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
  });
  for (const frame of frames) {
    pipeline.packet(packetOf(frame));
    engine.tick(pipeline.nowMs);
  }
  pipeline.finish();
  return findings.filter(({ rule }) => rule === 'cmi.consumption-surge');
}

const minute = (atMs: number) =>
  call({ line: '100', from: TRUNK, atMs, challenge: false, called: '0123456789', durationMs: 60_000 });

/** A call each day for three weeks, and so many one after the other in the night after. */
const weeksAndNight = (days: number, night: number): Frame[] => [
  ...Array.from({ length: days }, (_, day) => minute(START_MS + day * DAY_MS)).flat(),
  ...Array.from({ length: night }, (_, n) =>
    minute(START_MS + days * DAY_MS - 7 * 3_600_000 + n * 120_000),
  ).flat(),
];

test('the eleventh call at two euros within an hour of the night is more than twenty', () => {
  const findings = findingsOf(weeksAndNight(22, 11));
  assert.deepEqual(
    findings.map(({ action, value, limit, unit, subject }) => [action, value, limit, unit, subject.id]),
    [['alert', 22, 20, 'currency', 'c1']],
  );
  assert.equal(findings[0].evidence['compared'], 'amount of the hour');
  assert.equal((findings[0].evidence['callIds'] as string[]).length, 5);
});

test('the tenth is not, and nothing is judged in the third week', () => {
  assert.deepEqual(findingsOf(weeksAndNight(22, 10)), []);
  assert.deepEqual(findingsOf(weeksAndNight(20, 28)), []);
});
