import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from './directory.ts';
import { isUnlimitedPlan } from './unlimited-plan.ts';

test('a plan is unlimited by its billing or by an inclusion without minutes; one that says neither is unknown', () => {
  const directory = Directory.empty();
  const faults = directory.replace({
    plans: [
      { id: 'flat', billing: 'unlimited' },
      { id: 'metered', billing: 'per-minute' },
      { id: 'bundle', includes: [{ minutes: 300 }] },
      { id: 'mixed', billing: 'per-minute', includes: [{ minutes: 300 }, { kinds: ['fixed'] }] },
      { id: 'named-only' },
    ],
    customers: [{ id: 'acme', plan: 'flat' }],
    lines: [
      { id: 'flat', plan: 'flat' },
      { id: 'metered', plan: 'metered' },
      { id: 'bundle', plan: 'bundle' },
      { id: 'mixed', plan: 'mixed' },
      { id: 'named-only', plan: 'named-only' },
      { id: 'none' },
      { id: 'customers', customer: 'acme' },
      { id: 'own', customer: 'acme', plan: 'metered' },
    ],
    trunks: [{ id: 'trunk', customer: 'acme', sources: ['192.0.2.1'] }],
  });
  assert.deepEqual(faults, []);
  const lines = ['flat', 'metered', 'bundle', 'mixed', 'named-only', 'none', 'customers', 'own', 'stranger'];
  assert.deepEqual(
    lines.map((id) => isUnlimitedPlan(directory, 'line', id)),
    [true, false, false, true, null, null, true, false, null],
  );
  assert.equal(isUnlimitedPlan(directory, 'trunk', 'trunk'), true);
});
