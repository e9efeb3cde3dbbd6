import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventCases } from '../../detectors/cases.ts';
import { judged } from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { EventDetector } from '../../detectors/vocabulary.ts';
import { exampleFinding } from './examples.fixture.ts';
import { maskAddresses, viewOf } from './masked-view.ts';
import { adminFixture } from './services.fixture.ts';

const told = {
  id: '0f8c2f1e-1234-4abc-9def-123456789012',
  entry: '1795341600000-0',
  at: '2026-11-22T10:00:00.000Z',
  rule: 'cmi.transaction-rate',
  subject: { kind: 'line', id: '+33123456789' },
  customer: 'alice.martin',
  value: 1_234_567,
  reason: 'call +33698765432 back about 203.0.113.7',
  evidence: {
    callIds: ['abcdef@192.0.2.4'],
    destinations: ['+33698765432'],
    source: '2001:db8::7',
    more: [{ called: '0033698765432' }],
  },
};

test('read sees neither numbers nor names, addresses and Call-IDs; what is no person stays', () => {
  const seen = viewOf(['read'])(told) as typeof told;
  assert.deepEqual(seen, {
    ...told,
    subject: { kind: 'line', id: '+3312*****89' },
    customer: 'alic******in',
    reason: 'call +3369*****32 back about 203.0.*.*',
    evidence: {
      callIds: ['abcd…'],
      destinations: ['+3369*****32'],
      source: '2001:db8:*',
      more: [{ called: '0033*******32' }],
    },
  });
  assert.equal(
    JSON.stringify(viewOf(['read'])({ subject: { kind: 'source', id: '198.51.100.20' } })).includes('100.20'),
    false,
  );
});

test('evidence, lift and admin see it as it is', () => {
  for (const scope of ['evidence', 'lift', 'admin'] as const) assert.equal(viewOf([scope])(told), told);
});

test('whatever a detector says in its evidence, read learns no name, number or address from it', () => {
  const NAMES = new Set([
    'line',
    'customer',
    'trunk',
    'claimed',
    'presentsCustomer',
    'presented',
    'asserted',
  ]);
  const named = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') return NAMES.has(name) && value !== '' ? `name${value}name` : value;
    if (Array.isArray(value)) return value.map((entry) => named(name, entry));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([member, entry]) => [member, named(member, entry)]));
  };
  const clear = new Set<string>();
  // Long sequences say nothing that short ones do not.
  for (const one of eventCases.filter(({ events }) => events.length <= 40)) {
    const detector = detectors.get(one.detector) as unknown as EventDetector;
    const spy = (...args: Parameters<EventDetector['judge']>) => {
      const judgement = detector.judge(...args);
      clear.add(JSON.stringify(judgement?.evidence ?? {}));
      return judgement;
    };
    judged({ ...detector, judge: spy }, { ...one, events: named('', one.events) as never });
  }
  const texts = (value: unknown): string[] => {
    if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT/.test(value) ? [] : [value];
    return typeof value === 'object' && value !== null ? Object.entries(value).flat().flatMap(texts) : [];
  };
  const personal = /name.*name|\d{7,}|\d+\.\d+\.\d+\.\d+/;
  const leaks = new Set<string>();
  let seen = 0;
  for (const evidence of [...clear].map((text) => JSON.parse(text) as object)) {
    if (texts(evidence).some((text) => personal.test(text))) seen++;
    for (const [name, value] of Object.entries(
      (viewOf(['read'])({ evidence }) as { evidence: object }).evidence,
    ))
      for (const text of texts([name, value])) if (personal.test(text)) leaks.add(`${name}: ${text}`);
  }
  assert.ok(seen > 50, `${seen}`);
  assert.deepEqual([...leaks], []);
});

test('addresses of any form are masked, times and versions are none', () => {
  for (const [text, masked] of [
    ['fe80::1', 'fe80::*'],
    ['::ffff:203.0.113.7', '::ffff:203.0.*.*'],
    ['via 203.0.113.7:5060', 'via 203.0.*.*:5060'],
    ['at 10:00:00', 'at 10:00:00'],
    ['1.11/1.16', '1.11/1.16'],
  ] as const)
    assert.equal(maskAddresses(text), masked);
});

test('each list and the subject itself are masked for read; the directory is not for it at all', async () => {
  const { call, state } = adminFixture();
  const subject = { kind: 'line', id: '+33123456789' };
  await call('POST', '/v1/suspensions', { body: { subject, reason: 'calls to +33698765432' } });
  state.alerts = [
    { ...state.alerts[0]!, finding: { ...exampleFinding, subject: { kind: 'line', id: '+33123456789' } } },
  ];
  for (const url of ['/v1/suspensions', '/v1/alerts', '/v1/subjects/line/%2B33123456789', '/v1/subjects']) {
    const { status, text } = await call('GET', url, { scope: 'read' });
    assert.equal(status, 200);
    assert.doesNotMatch(text, /33123456789|33698765432|192\.0\.2\.7|a@example/, url);
    const clear = await call('GET', url, { scope: 'evidence' });
    assert.match(clear.text, /33123456789|192\.0\.2\.7/, url);
  }
  assert.equal((await call('GET', '/v1/directory/lines', { scope: 'read' })).json.code, 'scope-insufficient');
});
