import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Fastify from 'fastify';
import { mountDecide } from '../admin/drachtio-decide.ts';
import { guardOf } from '../admin/limits.ts';
import { formatEndpoint } from '../ingest/address.ts';
import { GateCounters } from './counters.ts';
import { decide } from './decide.ts';
import type { GateQuestion } from './question.ts';
import type { GateVerdict } from './verdict.ts';

const options = {
  next: ['sip:10.0.0.1:5060'],
  stay: { recordRoute: true, path: false },
  nextAfterMs: 2_000,
  emergencyUser: '112',
  route: null,
};
const clear: GateVerdict = { pass: true, grounds: 'clear', restrictCallerId: false };
const refused: GateVerdict = {
  pass: false,
  grounds: 'suspended',
  rule: 'cmi.credit-limit',
  refusal: { status: 603, phrase: 'Decline', headers: {} },
};

function invite(uri: string): string {
  return [
    `INVITE ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 203.0.113.7:5070;branch=z9hG4bK1;rport=40000',
    'From: <sip:alice@example.net>;tag=1',
    'To: <sip:bob@example.net>',
    'Call-ID: c1',
    'CSeq: 1 INVITE',
    '',
    '',
  ].join('\r\n');
}

async function ask(query: string, body: string, verdict: GateVerdict, over: object = {}) {
  const asked: GateQuestion[] = [];
  const gate = {
    decide: async (question: GateQuestion) => {
      asked.push(question);
      return verdict;
    },
  };
  const request = { parameters: new URLSearchParams(query), body: Buffer.from(body) };
  const answer = await decide(request, gate, new GateCounters(), { ...options, ...over });
  return { answer, asked };
}

describe("drachtio's HTTP request handler", () => {
  test('what passes is proxied to the next hop, or routed to the application', async () => {
    const { answer } = await ask('source_address=203.0.113.7', invite('sip:0142@x'), clear);
    assert.deepEqual(answer, {
      action: 'proxy',
      data: {
        destination: ['sip:0142@10.0.0.1:5060'],
        recordRoute: true,
        followRedirects: false,
        simultaneous: false,
        provisionalTimeout: '2000ms',
      },
    });
    const routed = await ask('source_address=203.0.113.7', invite('sip:0142@x'), clear, { route: 'next' });
    assert.deepEqual(routed.answer, { action: 'route', data: { tag: 'next' } });
  });

  test('what is refused names the rule in the phrase', async () => {
    const { answer } = await ask('source_address=203.0.113.7', invite('sip:0142@x'), refused);
    assert.deepEqual(answer, {
      action: 'reject',
      data: { status: 603, reason: 'Decline (vigie cmi.credit-limit)' },
    });
  });

  test('parameters that the Request-URI adds change nothing: the first value counts, the text before all', async () => {
    const uri = 'sip:0142@x;source_address=198.51.100.1;uriUser=112;method=OPTIONS';
    const query = `method=INVITE&source_address=203.0.113.7&uriUser=0142&source_address=198.51.100.1&uriUser=112&method=OPTIONS`;
    const { asked, answer } = await ask(query, invite(uri), clear);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].method, 'INVITE');
    assert.equal(formatEndpoint(asked[0].source), '203.0.113.7:40000');
    assert.equal(asked[0].requestUser, '0142');
    assert.match(JSON.stringify(answer), /sip:0142@10\.0\.0\.1:5060/);
  });

  test('a body that cannot be read: the request goes on', async () => {
    const { asked, answer } = await ask(
      'source_address=203.0.113.7&uriUser=0142&uri=sip%3a0142%40x',
      'x',
      clear,
    );
    assert.equal(asked.length, 0);
    assert.match(JSON.stringify(answer), /"action":"proxy".*sip:0142@10\.0\.0\.1:5060/);
  });
});

describe('POST /v1/drachtio/decide', () => {
  const server = (secret: string | null) => {
    const fastify = Fastify();
    const decide = ({ body }: { body: Buffer }) =>
      Promise.resolve({ action: 'route', data: { tag: `${body.length}` } } as const);
    mountDecide(
      fastify,
      { secret, decide },
      guardOf(fastify, () => ({ requests: 1, failures: 3 })),
    );
    return fastify;
  };
  const post = (secret: string | null, over: object = {}) =>
    server(secret).inject({
      method: 'POST',
      url: '/v1/drachtio/decide/?method=INVITE',
      headers: { 'content-type': 'text/plain; charset=UTF-8' },
      body: 'INVITE',
      ...over,
    });

  test('with and without the slash that drachtio adds', async () => {
    assert.deepEqual((await post(null)).json(), { action: 'route', data: { tag: '6' } });
    assert.equal((await post(null, { url: '/v1/drachtio/decide' })).statusCode, 200);
  });

  test('without a password only loopback addresses may ask', async () => {
    assert.equal((await post(null, { remoteAddress: '192.0.2.1' })).statusCode, 403);
    assert.equal((await post(null, { remoteAddress: '::ffff:127.0.0.2' })).statusCode, 200);
  });

  test('with one, whoever gives it, and nobody else', async () => {
    const basic = (text: string) => ({
      remoteAddress: '192.0.2.1',
      headers: {
        'content-type': 'text/plain',
        authorization: `Basic ${Buffer.from(text).toString('base64')}`,
      },
    });
    assert.equal((await post('p:4ss', basic('drachtio:p:4ss'))).statusCode, 200);
    assert.equal((await post('p:4ss', basic('drachtio:p:4s'))).statusCode, 403);
    assert.equal((await post('p:4ss')).statusCode, 403);
  });

  test('guesses are limited by address; the right password and loopback addresses never are', async () => {
    const fastify = server('p:4ss');
    const guess = async (remoteAddress: string, password: string) => {
      const authorization = `Basic ${Buffer.from(`drachtio:${password}`).toString('base64')}`;
      const { statusCode, headers, body } = await fastify.inject({
        method: 'POST',
        url: '/v1/drachtio/decide/',
        remoteAddress,
        headers: { 'content-type': 'text/plain', authorization },
        body: 'INVITE',
      });
      assert.equal(body.includes('action'), statusCode === 200);
      return [statusCode, headers['retry-after'] !== undefined];
    };
    for (let count = 0; count < 3; count++)
      assert.deepEqual(await guess('192.0.2.1', `wrong-${count}`), [403, false]);
    assert.deepEqual(await guess('192.0.2.1', 'wrong-3'), [429, true]);
    assert.deepEqual(await guess('192.0.2.1', 'p:4ss'), [200, false]);
    assert.deepEqual(await guess('192.0.2.1', 'wrong-4'), [429, true]);
    assert.deepEqual(await guess('192.0.2.2', 'wrong-5'), [403, false]);
    // The addresses of one IPv6 /64 are one host.
    for (let count = 1; count <= 3; count++)
      assert.deepEqual(await guess(`2001:db8::${count}`, 'wrong'), [403, false]);
    assert.deepEqual(await guess('2001:db8::4', 'wrong'), [429, true]);
    assert.deepEqual(await guess('2001:db8:0:1::1', 'wrong'), [403, false]);
    for (let count = 0; count < 5; count++) assert.deepEqual(await guess('127.0.0.1', 'wrong'), [403, false]);
    assert.deepEqual(await guess('127.0.0.1', 'p:4ss'), [200, false]);
  });

  test('a body of more than 64 KiB: the request goes on', async () => {
    const answer = await post(null, { body: 'x'.repeat(65_537) });
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), { action: 'route', data: { tag: '0' } });
  });

  test('who may not ask is told nothing, however odd the request', async () => {
    for (const over of [
      { body: 'x'.repeat(65_537), headers: { 'content-type': 'text/plain' } },
      { headers: { 'content-type': 'no type at all' } },
      { body: '{', headers: { 'content-type': 'application/json' } },
    ])
      assert.equal((await post('p:4ss', over)).statusCode, 403);
  });
});
