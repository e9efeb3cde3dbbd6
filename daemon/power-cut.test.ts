/** From packets to findings with CMI's policy: what a power cut at a customer with many phones looks like, and what only resembles it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectors } from '../detectors/index.ts';
import { defaultConfig } from './config/load.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { emergencyNumbers } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { call, type Frame, PROXY, packetOf, register } from './pipeline/dialog.fixture.ts';
import { byTime } from './pipeline/pipeline.fixture.ts';
import type { Finding } from './policy/finding.ts';
import { MemoryStore } from './windows/memory-store.ts';

const START_MS = Date.UTC(2026, 10, 2, 8);
const OFFICE = '198.51.100.7';
const PHONES = 200;
const lineOf = (phone: number): string => `01990${String(phone).padStart(5, '0')}`;

/** Findings of the two rates, as rule and action, of a customer whose phones all stand behind one address. */
function judged(frames: readonly Frame[]): string[] {
  const config = defaultConfig();
  const { policies } = loadPolicies(null, detectors);
  const directory = Directory.empty();
  const lines = Array.from({ length: PHONES }, (_, phone) => ({ id: lineOf(phone), customer: 'acme' }));
  assert.deepEqual(directory.replace({ customers: [{ id: 'acme' }], lines }), []);
  const findings: Finding[] = [];
  const { pipeline, engine } = createCore({
    config: { ...config, network: { ...config.network, proxies: [PROXY] } },
    directory,
    policies: new Map([...policies].map(([id, policy]) => [id, settleModes(config.policies, policy)])),
    emergency: emergencyNumbers(['FR']),
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
  });
  for (const frame of byTime(frames)) {
    pipeline.packet(packetOf(frame));
    engine.tick(frame.timeMs);
  }
  const rates = findings.filter(({ rule }) => rule === 'cmi.transaction-rate' || rule === 'cmi.message-rate');
  return rates.map(({ rule, action }) => `${rule} ${action}`).sort();
}

/** Forty phones a second, all of one customer: 40 accepted REGISTER transactions and 80 messages a second for five seconds. */
const phones = (of: (phone: number, from: string, atMs: number) => Frame[]): Frame[] =>
  Array.from({ length: PHONES }, (_, phone) =>
    of(phone, `${OFFICE}:${10_000 + phone}`, START_MS + phone * 25),
  ).flat();

test('a customer whose phones all register again after a power cut is told of and neither suspended nor blocked', () => {
  const wave = phones((phone, from, atMs) => register({ line: lineOf(phone), from, atMs }));
  // The step that would have acted is told as an alert, with its excuse.
  assert.deepEqual(judged(wave), [
    'cmi.message-rate alert',
    'cmi.message-rate alert',
    'cmi.transaction-rate alert',
    'cmi.transaction-rate alert',
  ]);
});

test('the same rate of calls, or of one phone that registers again and again, is suspended', () => {
  const calls = phones((phone, from, atMs) => call({ line: lineOf(phone), from, atMs, durationMs: 60_000 }));
  assert.ok(judged(calls).includes('cmi.transaction-rate suspend'));
  const onePhone = phones((phone, _from, atMs) =>
    register({ line: lineOf(0), from: `${OFFICE}:5060`, atMs: atMs + phone }),
  );
  assert.ok(judged(onePhone).includes('cmi.transaction-rate suspend'));
});
