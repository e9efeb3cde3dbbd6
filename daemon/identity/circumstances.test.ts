import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callEvents, legOf, STRANGER } from '../../detectors/cases-events.ts';
import type { Charged, Event, Rhythm } from '../../detectors/vocabulary.ts';
import { BadUserAgents } from './bad-user-agents.ts';
import { Circumstances } from './circumstances.ts';
import { Directory } from './directory.ts';

const START = Date.UTC(2026, 10, 2, 8);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function directory(): Directory {
  const made = Directory.empty();
  const faults = made.replace({
    customers: [
      {
        id: 'acme',
        numbers: ['+33199000100-+33199000199'],
        authorisedNumbers: ['+33188000010-+33188000019'],
        sites: [
          { name: 'Lyon', sources: ['192.0.2.0/25', '2001:db8:1::/48'] },
          { name: 'Brest', sources: ['203.0.113.5'] },
        ],
      },
      { id: 'other', numbers: ['+33188000000-+33188000029'] },
    ],
    lines: [
      { id: '100', customer: 'acme' },
      { id: '101', customer: 'acme', sites: ['Brest'] },
      { id: '200', customer: 'other' },
      { id: '300' },
    ],
  });
  assert.deepEqual(faults, []);
  return made;
}

function circumstances(): Circumstances {
  const known = directory();
  const made = new Circumstances({
    directory: known,
    lineOf: (name) => known.lineByUsername(name)?.id ?? null,
    capacity: { lines: 100, sources: 100 },
  });
  made.badUserAgents = new BadUserAgents([{ name: 'tool', holds: 'friendly-scanner' }]);
  return made;
}

function attempt(
  charged: Partial<Charged>,
  atMs = START,
  change: Partial<Parameters<typeof legOf>[0]> = {},
): Event {
  const leg = legOf({
    startMs: atMs,
    callId: `c-${atMs}`,
    charged: { line: '100', trunk: null, customer: 'acme', ...charged },
    ...change,
  });
  return { type: 'attempt', atMs, leg };
}

function told(event: Event, by = circumstances()): Extract<Event, { type: 'attempt' }> {
  const found = by.of(event);
  assert.equal(found.type, 'attempt');
  return found as Extract<Event, { type: 'attempt' }>;
}

test('a source is on site when a block of the sites of the line, or of its customer, holds it', () => {
  const onSite = (charged: Partial<Charged>) => told(attempt(charged)).leg.charged.onSite;
  assert.equal(onSite({ source: '192.0.2.127' }), true);
  assert.equal(onSite({ source: '192.0.2.128' }), false);
  assert.equal(onSite({ source: '2001:db8:1:ffff::1' }), true);
  assert.equal(onSite({ source: '2001:db8:2::1' }), false);
  assert.equal(onSite({ line: '101', source: '203.0.113.5' }), true);
  assert.equal(onSite({ line: '101', source: '192.0.2.1' }), false);
  assert.equal(onSite({ line: '200', customer: 'other', source: '192.0.2.1' }), null);
  assert.equal(onSite({ line: '999', customer: '999', source: '192.0.2.1' }), null);
});

test('a change of the directory moves the sites', () => {
  const known = directory();
  const by = new Circumstances({ directory: known, lineOf: () => null, capacity: { lines: 9, sources: 9 } });
  assert.equal(told(attempt({ source: '198.51.100.1' }), by).leg.charged.onSite, false);
  const acme = known.customer('acme');
  assert.ok(acme);
  known.putCustomer({ ...acme, sites: [{ name: 'home', sources: ['198.51.100.0/24'] }] });
  assert.equal(told(attempt({ source: '198.51.100.1' }, START + 1), by).leg.charged.onSite, true);
});

test('refusals are counted per source and name until it is accepted', () => {
  const by = circumstances();
  const judged = (accepted: boolean, source: string, n: number): Event => ({
    type: 'credentials',
    atMs: START + n,
    charged: accepted ? { line: '100', trunk: null, customer: 'acme', source } : { ...STRANGER, source },
    claimed: '100',
    accepted,
    method: 'REGISTER',
    userAgent: '',
    callId: 'c',
  });
  const before = (event: Event) => {
    const found = by.of(event);
    return found.type === 'credentials' ? [found.refusedBefore, found.claimedLine, found.sourceProven] : null;
  };
  assert.deepEqual(before(judged(false, '198.51.100.1', 0)), [0, '100', false]);
  assert.deepEqual(before(judged(false, '198.51.100.1', 1)), [1, '100', false]);
  assert.deepEqual(before(judged(false, '198.51.100.2', 2)), [0, '100', false]);
  assert.deepEqual(before(judged(true, '198.51.100.1', 3)), [2, '100', false]);
  assert.deepEqual(before(judged(false, '198.51.100.1', 4)), [0, '100', true]);
  assert.deepEqual(before(judged(false, '198.51.100.1', DAY_MS + 4)), [0, '100', false]);
});

test('a request of nobody’s that is proven later is told as proven; known-bad user agents are named', () => {
  const by = circumstances();
  const asked = by.of({
    type: 'unproven',
    atMs: START,
    charged: { ...STRANGER, source: '192.0.2.9' },
    method: 'INVITE',
    target: '0612345678',
    userAgent: 'Friendly-Scanner 1',
    callId: 'c',
  });
  assert.equal(asked.type === 'unproven' && asked.knownBad, 'tool');
  const call = { called: '0612345678' };
  assert.equal(told(attempt({ source: '192.0.2.9' }, START + 1, call), by).provesEarlier, true);
  assert.equal(told(attempt({ source: '192.0.2.9' }, START + 2, call), by).provesEarlier, false);
});

test('the rhythm of a line: interval, idle time, step and repetition', () => {
  const by = circumstances();
  const charged = { line: '100', trunk: null, customer: 'acme' };
  const rhythms: (Rhythm | null)[] = [];
  const play = (events: readonly Event[]) => {
    for (const event of events) {
      const found = by.of(event);
      if (found.type === 'attempt') rhythms.push(found.rhythm ?? null);
    }
  };
  play(callEvents({ startMs: START, callId: 'a', called: '+33199000001', charged, outcome: 'busy' }));
  play(
    callEvents({ startMs: START + 12_000, callId: 'b', called: '+33199000003', charged, durationMs: 60_000 }),
  );
  // Ends at 12 + 2 + 60 s.
  play(callEvents({ startMs: START + 80_000, callId: 'c', called: '+33199000001', charged }).slice(0, 1));
  play(callEvents({ startMs: START + 81_000, callId: 'd', called: '+33299000002', charged }).slice(0, 1));
  assert.deepEqual(rhythms, [
    null,
    { intervalMs: 12_000, idleMs: 2000, step: 2, repeated: false },
    { intervalMs: 68_000, idleMs: 6000, step: -2, repeated: true },
    { intervalMs: 1000, idleMs: null, step: null, repeated: false },
  ]);
});

test('another customer’s identity is told, unless that customer has just called: a forwarded call', () => {
  const presents = (by: Circumstances, user: string, atMs: number) => {
    const event = attempt({}, atMs);
    assert.ok('leg' in event);
    const found = by.of({ ...event, leg: { ...event.leg, presented: user } } as Event);
    return 'leg' in found ? found.leg.presentsCustomer : undefined;
  };
  const by = circumstances();
  assert.equal(presents(by, '100', START), null);
  assert.equal(presents(by, '+33199000150', START), null);
  assert.equal(presents(by, '0612345678', START), null);
  assert.equal(presents(by, '200', START), 'other');
  assert.equal(presents(by, '+33188000000', START), 'other');
  const incoming = attempt({}, START + 1000, { direction: 'incoming' });
  assert.ok('leg' in incoming);
  by.of({ ...incoming, leg: { ...incoming.leg, presented: '0188000000' } } as Event);
  assert.equal(presents(by, '+33188000000', START + 2000), null);
  assert.equal(presents(by, '+33188000000', START + 1000 + 300_000), 'other');
});

test('a number of another customer that its holder has authorised is no forgery; the one before and the one after are', () => {
  const by = circumstances();
  const presents = (user: string, customer = 'acme', line = '100') => {
    const event = attempt({ customer, line }, START, { presented: user, caller: { number: user } });
    const found = by.of(event);
    return 'leg' in found ? found.leg.presentsCustomer : undefined;
  };
  assert.equal(presents('+33188000009'), 'other');
  assert.equal(presents('+33188000010'), null);
  assert.equal(presents('+33188000019'), null);
  assert.equal(presents('+33188000020'), 'other');
  // Authorised for acme, not for line 300.
  assert.equal(presents('+33188000010', '300', '300'), 'other');
  const national = attempt({}, START, { presented: '0188000009', caller: { number: '+33188000009' } });
  const found = by.of(national);
  assert.equal('leg' in found && found.leg.presentsCustomer, 'other');
});
