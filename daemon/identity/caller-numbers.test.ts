import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallLeg, Destination } from '../../detectors/vocabulary.ts';
import { CallerNumbers } from './caller-numbers.ts';
import { Directory } from './directory.ts';
import { NO_LISTS } from './number-lists.ts';
import { Numbering } from './numbering.ts';

const numbering = new Numbering({ lists: NO_LISTS, country: 'FR', isEmergency: () => false });

const directory = Directory.empty();
assert.deepEqual(
  directory.replace({
    customers: [
      {
        id: 'acme',
        numbers: ['+33199000000-+33199000099'],
        authorisedNumbers: ['+33155000000', '+33156000000-+33156000009'],
        waivers: ['CU', 'satellite'],
      },
      { id: 'other', numbers: ['+33188888888'] },
      { id: 'bare' },
      { id: 'trunked' },
    ],
    lines: [
      { id: '1001', customer: 'acme', usernames: ['accueil'], waivers: ['+3389', '3651'] },
      { id: '1002', customer: 'bare' },
      { id: '0177000001', customer: 'acme' },
    ],
    trunks: [{ id: 't', customer: 'trunked', sources: ['192.0.2.1'], numbers: ['+33177777777'] }],
  }),
  [],
);

const destination: Destination = { number: '+33123456789', kind: 'fixed', country: 'FR', highRisk: false };

function leg(
  presented: string,
  options: Partial<CallLeg> & { line?: string | null; customer?: string | null } = {},
): CallLeg {
  const { line = '1001', customer = 'acme', ...rest } = options;
  return {
    callId: 'c',
    direction: 'outgoing',
    charged: { line, trunk: null, customer, source: '192.0.2.10' },
    called: '0123456789',
    destination,
    presented,
    caller: numbering.destinationOf(presented),
    asserted: null,
    userAgent: '',
    emergency: false,
    startedAtMs: 1_000_000,
    ...rest,
  };
}

const callers = () => new CallerNumbers(directory, 100);

describe('presented numbers', () => {
  const cases: readonly [string, string, string | null][] = [
    ['the first of the range', '+33199000000', 'own'],
    ['the last of the range', '+33199000099', 'own'],
    ['one before the range', '+33198999999', 'foreign'],
    ['one after the range', '+33199000100', 'foreign'],
    ['national form', '0199000042', 'own'],
    ['00 and separators', '0033 1.99.00.00-42', 'own'],
    ['authorised', '0155000000', 'authorised'],
    ['in an authorised range', '+33156000009', 'authorised'],
    ['after the authorised range', '+33156000010', 'foreign'],
    ["another customer's", '+33188888888', 'foreign'],
    ['a line whose id is a number', '0177000001', 'own'],
    ['a name', 'accueil', null],
    ['anonymous', 'anonymous', null],
    ['an extension', '1001', null],
    ['five digits', '12345', null],
    ['six digits of nobody', '123456', 'foreign'],
    ['nothing', '', null],
  ];
  for (const [title, presented, expected] of cases)
    it(`${title}: ${expected}`, () => assert.equal(callers().presentationOf(leg(presented)), expected));

  it('cannot be told where the directory knows no number of the customer', () => {
    const bare = { line: '1002', customer: 'bare' };
    assert.equal(callers().presentationOf(leg('+33188888888', bare)), null);
    assert.equal(callers().presentationOf(leg('+33188888888', { line: 'x', customer: 'x' })), null);
    assert.equal(callers().presentationOf(leg('+33188888888', { line: null, customer: null })), null);
  });

  it("a trunk's numbers are its customer's", () => {
    const trunked = { line: null, customer: 'trunked' };
    assert.equal(callers().presentationOf(leg('0177777777', trunked)), 'own');
    assert.equal(callers().presentationOf(leg('0177777778', trunked)), 'foreign');
  });

  it('numbers that are put and taken away again', () => {
    const changing = Directory.empty();
    const facts = new CallerNumbers(changing, 10);
    const own = leg('0123456789', { line: 'l', customer: 'l' });
    assert.equal(facts.presentationOf(own), null);
    assert.equal(changing.putLine({ id: 'l', numbers: ['+33123456789'] }).kind, 'created');
    assert.equal(facts.presentationOf(own), 'own');
    assert.equal(changing.putLine({ id: 'l', numbers: ['+33123456780'] }).kind, 'replaced');
    assert.equal(facts.presentationOf(own), 'foreign');
    assert.equal(changing.deleteLine('l').kind, 'deleted');
    assert.equal(facts.presentationOf(own), null);
  });

  it('a caller who has just called is forwarded, for five minutes and to the same customer', () => {
    const facts = callers();
    const incoming = leg('+33612345678', { direction: 'incoming' });
    facts.see({ type: 'attempt', atMs: 1_000_000, leg: incoming });
    const later = (ms: number, customer = 'acme') =>
      facts.presentationOf(leg('0612345678', { startedAtMs: 1_000_000 + ms, customer }));
    assert.equal(later(299_999), 'forwarded');
    assert.equal(later(300_000), 'foreign');
    assert.equal(later(0, 'other'), 'foreign');
  });

  it('remembers no more callers than it may', () => {
    const facts = new CallerNumbers(directory, 2);
    for (const number of ['0612345671', '0612345672', '0612345673'])
      facts.see({ type: 'attempt', atMs: 1_000_000, leg: leg(number, { direction: 'incoming' }) });
    assert.equal(facts.presentationOf(leg('0612345671')), 'foreign');
    assert.equal(facts.presentationOf(leg('0612345672')), 'forwarded');
    assert.equal(facts.presentationOf(leg('0612345673')), 'forwarded');
  });
});

describe('waivers', () => {
  const waived = (
    number: string,
    kind: Destination['kind'],
    country: string | null,
    line = '1001',
    customer = 'acme',
  ) => callers().waived(leg('', { line, customer, destination: { number, kind, country, highRisk: false } }));

  it("the customer's open kinds and countries, the line's prefixes", () => {
    assert.equal(waived('+8816123456789', 'satellite', null), true);
    assert.equal(waived('+5352345678', 'mobile', 'CU'), true);
    assert.equal(waived('+33899123456', 'premium', 'FR'), true);
    assert.equal(waived('36510123456789', 'special', 'FR'), true);
    assert.equal(waived('+33825123456', 'special', 'FR'), false);
    assert.equal(waived('+882130123456', 'international-network', null), false);
  });

  it("another line of the customer does not have the line's", () => {
    assert.equal(waived('+33899123456', 'premium', 'FR', '0177000001'), false);
    assert.equal(waived('+5352345678', 'mobile', 'CU', '0177000001'), true);
    assert.equal(waived('+5352345678', 'mobile', 'CU', '1002', 'bare'), false);
  });
});
