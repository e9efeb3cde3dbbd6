import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Directory } from '../identity/directory.ts';
import { parseAddress } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';
import { type PartySources, partiesOf } from './parties.ts';
import type { GateQuestion } from './question.ts';

const directory = Directory.empty();
directory.replace({
  customers: [{ id: 'acme' }, { id: 'other' }],
  lines: [
    { id: 'alice', customer: 'acme', usernames: ['alice-phone'], emergencyCountry: 'BE' },
    { id: 'carol', customer: 'other' },
    { id: 'dave' },
  ],
  trunks: [{ id: 'pbx', customer: 'acme', sources: ['203.0.113.7'] }],
});

const at = (address: string): Endpoint => {
  const endpoint = parseAddress(address) ?? new Endpoint();
  endpoint.port = 5060;
  return endpoint;
};

function question(over: Partial<GateQuestion>): GateQuestion {
  return {
    method: 'INVITE',
    callId: 'c',
    fromTag: 't',
    toTag: '',
    cseq: 1,
    branch: 'b',
    source: at('203.0.113.9'),
    requestUri: 'sip:0142000001@x',
    requestUser: '0142000001',
    fromUser: '',
    assertedUser: '',
    authUser: '',
    ...over,
  };
}

function subjects(over: Partial<GateQuestion>, registered: string | null = null): string {
  const sources: PartySources = {
    directory,
    isUpstream: ({ w3 }) => w3 === at('198.51.100.1').w3,
    registeredLine: () => registered,
  };
  const { direction, subjects: found } = partiesOf(question(over), sources);
  return `${direction} ${found.map(({ kind, id }) => `${kind}:${id}`).join(' ')}`.trim();
}

describe('whose request it is', () => {
  test('the credentials name the line, under any of its user names', () => {
    assert.equal(subjects({ authUser: 'alice-phone' }), 'outgoing line:alice customer:acme');
    assert.equal(subjects({ authUser: 'alice', fromUser: 'dave' }), 'outgoing line:alice customer:acme');
  });

  test('From counts where nothing else says who calls', () => {
    assert.equal(subjects({ fromUser: 'dave' }), 'outgoing line:dave customer:dave');
    assert.equal(subjects({ fromUser: 'dave' }, 'carol'), 'outgoing line:carol customer:other');
  });

  test('credentials of nobody hide neither the registration nor From', () => {
    assert.equal(
      subjects({ fromUser: 'alice', authUser: 'made-up' }),
      'outgoing line:made-up customer:made-up line:alice customer:acme',
    );
    assert.equal(
      subjects({ authUser: 'made-up' }, 'carol'),
      'outgoing line:carol customer:other line:made-up customer:made-up',
    );
  });

  test("a trunk's call: the trunk, its customer, and the line where it is this customer's", () => {
    const source = at('203.0.113.7');
    assert.equal(subjects({ source, fromUser: 'alice' }), 'outgoing line:alice customer:acme trunk:pbx');
    assert.equal(subjects({ source, fromUser: 'carol' }), 'outgoing trunk:pbx customer:acme');
    assert.equal(
      subjects({ source, fromUser: 'x', assertedUser: 'alice' }),
      'outgoing line:alice customer:acme trunk:pbx',
    );
  });

  test('from upstream it is the called line that counts, and the caller is nobody of ours', () => {
    const source = at('198.51.100.1');
    assert.equal(
      subjects({ source, fromUser: 'dave', requestUser: 'alice' }),
      'incoming line:alice customer:acme',
    );
    assert.equal(subjects({ source, fromUser: 'dave' }), 'incoming');
  });

  test("the line's country adds its emergency numbers", () => {
    const sources = { directory, isUpstream: () => false, registeredLine: () => null };
    assert.equal(partiesOf(question({ authUser: 'alice' }), sources).country, 'BE');
    assert.equal(partiesOf(question({ authUser: 'carol' }), sources).country, null);
  });

  test('an id that is too long for a key is left out', () => {
    assert.equal(subjects({ fromUser: 'x'.repeat(128) }).length > 128, true);
    assert.equal(subjects({ fromUser: 'x'.repeat(129) }), 'outgoing');
  });
});
