import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockedKey, blockOf, subjectOfBlockedKey } from './blocked-keys.ts';
import {
  isBlocking,
  isOpen,
  manualProposal,
  type Suspension,
  type SuspensionState,
  suspensionStates,
  suspensionToJson,
  transit,
} from './suspension.ts';

const proposal = (durationMs: number | null = null, id = 'a'): Suspension =>
  manualProposal(
    {
      subject: { kind: 'line', id: '1' },
      customer: null,
      clause: '',
      action: 'suspend',
      reason: 'r',
      by: 'Ana',
      durationMs,
    },
    id,
    1_000,
  );

test('the transitions are these eleven and no others', () => {
  const paths: Record<SuspensionState, SuspensionState[]> = {
    proposed: [],
    notified: ['notified'],
    active: ['notified', 'active'],
    escalated: ['notified', 'active', 'escalated'],
    lifted: ['lifted'],
    expired: ['expired'],
  };
  const allowed: string[] = [];
  for (const from of suspensionStates) {
    let suspension = proposal();
    for (const to of paths[from])
      suspension = transit(suspension, { to, atMs: 2_000, by: 'vigie', reason: '' })!;
    assert.equal(suspension.state, from);
    for (const to of suspensionStates) {
      if (transit(suspension, { to, atMs: 3_000, by: 'vigie', reason: '' }) !== null)
        allowed.push(`${from} ${to}`);
    }
  }
  assert.deepEqual(allowed, [
    'proposed notified',
    'proposed lifted',
    'proposed expired',
    'notified active',
    'notified lifted',
    'notified expired',
    'active escalated',
    'active lifted',
    'active expired',
    'escalated lifted',
    'escalated expired',
  ]);
});

test('whatever is tried: what is over stays over, and nothing blocks before it was notified', () => {
  const step = fc.constantFrom(...suspensionStates);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let suspension = proposal();
      let atMs = 1_000;
      for (const to of steps) {
        const before = suspension;
        const after = transit(before, { to, atMs: ++atMs, by: 'Ana', reason: 'r' });
        if (!isOpen(before.state)) assert.equal(after, null);
        suspension = after ?? before;
        if (isBlocking(suspension.state)) assert.ok(suspension.notifiedAtMs! < suspension.activeAtMs!);
        if (suspension.state === 'lifted')
          assert.ok(suspension.liftedBy === 'Ana' && suspension.liftReason === 'r');
        assert.equal(suspension.liftedAtMs !== null, suspension.state === 'lifted');
      }
    }),
  );
});

test('the block of several lasts as long as the longest of them', () => {
  const active = (id: string, untilMs: number | null) => ({
    ...proposal(null, id),
    state: 'active' as const,
    activeAtMs: 1,
    untilMs,
  });
  const idOf = (...of: Suspension[]) => {
    const block = blockOf(of, 1_000);
    return block === null ? null : JSON.parse(block.value).id;
  };
  assert.equal(idOf(active('a', 5_000), active('b', 9_000)), 'b');
  assert.equal(idOf(active('a', 5_000), active('b', null), active('c', 9_000)), 'b');
  assert.equal(idOf(active('b', null), active('a', null)), 'a');
  assert.equal(idOf(active('a', 1_000)), null);
  assert.equal(idOf(active('a', 1_001)), 'a');
});

test('a blocked key leads back to its subject, colons and all', () => {
  fc.assert(
    fc.property(fc.constantFrom('line', 'customer', 'source', 'trunk'), fc.string(), (kind, id) => {
      const subject = { kind, id } as const;
      assert.deepEqual(subjectOfBlockedKey(blockedKey(subject)), subject);
    }),
  );
  assert.equal(subjectOfBlockedKey('vigie:blocked:called:1'), null);
  assert.equal(subjectOfBlockedKey('vigie:blocked:'), null);
});

test('as JSON: ISO times under short names', () => {
  const json = suspensionToJson({ ...proposal(60_000), untilMs: 61_000 });
  assert.equal(json['proposedAt'], '1970-01-01T00:00:01.000Z');
  assert.equal(json['until'], '1970-01-01T00:01:01.000Z');
  assert.equal(json['liftedAt'], null);
  assert.equal(json['durationSeconds'], 60);
  assert.ok(!Object.keys(json).some((name) => name.endsWith('Ms')));
});
