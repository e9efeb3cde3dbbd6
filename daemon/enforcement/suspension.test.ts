import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  blockedKey,
  blockOf,
  keyFamilies,
  proxyKey,
  shownIn,
  subjectOfBlockedKey,
  subjectOfKey,
} from './blocked-keys.ts';
import {
  callLimitOf,
  type Effect,
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

const acting = (id: string, effect: Effect, more: Partial<Suspension> = {}): Suspension => ({
  ...proposal(null, id),
  effect,
  state: 'active',
  activeAtMs: 1_000,
  rule: `p.${id}`,
  limit: 2,
  ...more,
});

test('each effect shows in its own family of keys, billing in none', () => {
  const effects: Effect[] = [
    'block',
    'block-registration',
    'restrict-caller-id',
    'refuse-excess',
    'per-minute-billing',
  ];
  assert.deepEqual(
    effects.map((effect) => keyFamilies.filter((family) => shownIn(family, [acting('a', effect)], 5_000))),
    [['blocked'], ['blocked'], ['restricted'], ['limited'], []],
  );
  const all = effects.map((effect, index) => acting(`${index}`, effect));
  assert.equal(JSON.parse(blockOf(all, 5_000)!.value).id, '0');
});

test('what a restricted and a limited key say', () => {
  const restricted = shownIn('restricted', [acting('a', 'restrict-caller-id')], 5_000)!;
  assert.equal(
    restricted.value,
    '{"id":"a","rule":"p.a","effect":"restrict-caller-id","since":"1970-01-01T00:00:01.000Z","until":null}',
  );
  const evidence = { callIds: [], direction: 'both' };
  const limited = shownIn('limited', [acting('b', 'refuse-excess', { limit: 4, evidence })], 5_000)!;
  assert.equal(
    limited.value,
    '{"id":"b","rule":"p.b","effect":"refuse-excess","calls":4,"direction":"both","since":"1970-01-01T00:00:01.000Z","until":null}',
  );
});

test('of two limits the lowest is shown, and the key lasts as long as the longest of them', () => {
  const low = acting('a', 'refuse-excess', { limit: 2, untilMs: 9_000 });
  const high = acting('b', 'refuse-excess', { limit: 3, untilMs: null });
  for (const both of [
    [low, high],
    [high, low],
  ]) {
    const shown = shownIn('limited', both, 5_000)!;
    assert.equal(JSON.parse(shown.value).calls, 2);
    assert.equal(shown.untilMs, null);
    assert.equal(JSON.parse(shownIn('limited', both, 9_000)!.value).calls, 3);
  }
});

test('a limit without a number of calls limits nothing; one without a direction counts outgoing calls', () => {
  const limit = acting('a', 'refuse-excess', { limit: null });
  assert.equal(callLimitOf(limit), null);
  assert.equal(shownIn('limited', [limit], 5_000), null);
  assert.deepEqual(callLimitOf(acting('a', 'refuse-excess')), { calls: 2, direction: 'outgoing' });
  assert.equal(callLimitOf(acting('a', 'block')), null);
});

test('keys of one family lead back to their subject, those of another do not', () => {
  const subject = { kind: 'line', id: 'a:b' } as const;
  for (const family of keyFamilies)
    for (const other of keyFamilies)
      assert.deepEqual(subjectOfKey(other, proxyKey(family, subject)), family === other ? subject : null);
});
