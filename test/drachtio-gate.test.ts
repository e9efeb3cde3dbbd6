/** The gate against the double of drachtio and a real Redis, from the admin port to the caller's answer. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { defaultConfig } from '../daemon/config/load.ts';
import { emergencyNumbers } from '../daemon/config/setup.ts';
import { GateService } from '../daemon/gate/service.ts';
import { Directory } from '../daemon/identity/directory.ts';
import { silentLog } from '../daemon/telemetry/log.ts';
import { authority } from './harness/certificates.ts';
import { waitFor } from './harness/child.ts';
import { type DrachtioDouble, startDrachtioDouble } from './harness/drachtio-double.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';

const pbx = { address: '203.0.113.7', port: 5060 };
const phone = { address: '203.0.113.8', port: 5062 };
const carrier = { address: '198.51.100.1', port: 5060 };
const FIRST = 'sip:10.0.0.1:5060';
const SECOND = 'sip:10.0.0.2:5060';

const directory = Directory.empty();
const faults = directory.replace({
  customers: [{ id: 'acme' }],
  lines: [{ id: 'alice', customer: 'acme' }, { id: 'bob' }],
  trunks: [{ id: 'pbx', customer: 'acme', sources: ['203.0.113.7'] }],
});
assert.deepEqual(faults, []);

let serial = 0;

function request(
  method: string,
  called: string,
  { from = 'alice', uri = `sip:${called}@192.0.2.10:5060`, more = '' } = {},
): string {
  const id = ++serial;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK${id};rport=5060`,
    'Max-Forwards: 70',
    `From: <sip:${from}@example.net>;tag=f${id}`,
    `To: <sip:${called}@example.net>`,
    `Call-ID: call-${id}@example.net`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${from}@203.0.113.7:5060>`,
    `${more}Content-Length: 0`,
    '',
    '',
  ].join('\r\n');
}

describe('gate for drachtio', () => {
  let redis: TestRedis;
  let state: Redis;
  let drachtio: DrachtioDouble;
  let service: GateService;
  const opened: (() => Promise<unknown>)[] = [];

  const gateConfig = (over: object = {}, servers: object[] = [server(drachtio)]) => {
    const config = defaultConfig();
    const drachtioPart = { servers, tags: [], methods: ['INVITE', 'REGISTER', 'MESSAGE'] };
    return {
      ...config,
      network: { ...config.network, carriers: ['198.51.100.1'] },
      gate: {
        ...config.gate,
        next: [FIRST],
        nextAfter: 100,
        deadline: 10_000,
        drachtio: drachtioPart,
        ...over,
      },
    } as never;
  };
  const server = ({ port }: DrachtioDouble, over: object = {}) => ({
    address: `127.0.0.1:${port}`,
    secret: 'cymru',
    tls: false,
    authority: null,
    serverName: null,
    ...over,
  });
  const startGate = async (
    over: object = {},
    servers?: object[],
    ready: DrachtioDouble = drachtio,
  ): Promise<GateService> => {
    const gate = new GateService({
      config: gateConfig(over, servers),
      directory,
      redis: state,
      emergency: () => emergencyNumbers(['FR']),
      log: silentLog,
    });
    gate.start();
    opened.push(() => gate.stop());
    await waitFor('the gate', () => ready.applications('invite') > 0);
    await waitFor(
      'its Redis',
      async () => (await gate.ledger.open({ kind: 'line', id: 'x' }, 'outgoing').catch(() => -1)) === 0,
    );
    return gate;
  };
  const block = (key: string, rule = 'cmi.credit-limit', scope = 'outgoing') =>
    state.set(`vigie:blocked:${key}`, JSON.stringify({ id: 's', rule, scope, since: '', until: null }));
  const limit = (key: string, calls: number, direction = 'outgoing') =>
    state.set(
      `vigie:limited:${key}`,
      JSON.stringify({
        id: 's',
        rule: 'techcrea.concurrent-calls',
        effect: 'refuse-excess',
        calls,
        direction,
      }),
    );
  const openCalls = (id: string, direction: 'outgoing' | 'incoming' = 'outgoing') =>
    service.ledger.open({ kind: 'line', id }, direction);

  before(async () => {
    redis = await startRedis();
    state = new Redis(redis.url, { maxRetriesPerRequest: 0, retryStrategy: () => 50 });
    state.on('error', () => undefined);
  });
  beforeEach(async () => {
    await state.flushall();
    drachtio = await startDrachtioDouble();
    opened.push(() => drachtio.stop());
  });
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });
  after(async () => {
    state.disconnect();
    await redis.remove();
  });

  test('a call passes to the next hop with the called user in it, and drachtio stays in its path', async () => {
    service = await startGate();
    const { status } = await drachtio.request(request('INVITE', '0142000001'), pbx);
    assert.equal(status, 200);
    assert.equal(drachtio.forwarded.length, 1);
    assert.equal(drachtio.forwarded[0].destination, 'sip:0142000001@10.0.0.1:5060');
    assert.match(drachtio.forwarded[0].text, /^INVITE sip:0142000001@10\.0\.0\.1:5060 SIP/);
    assert.match(drachtio.forwarded[0].text, /^Record-Route: <sip:192\.0\.2\.10:5060;lr>/m);
    assert.deepEqual(service.counters.verdicts, { clear: 1 });
  });

  test('what is suspended is refused with the rule; what is not goes on', async () => {
    service = await startGate();
    const refused = async (source: typeof pbx, text: string) => {
      const { status, text: answer } = await drachtio.request(text, source);
      assert.equal(status, 403);
      assert.match(answer, /^Reason: SIP;cause=403;text="vigie cmi\.credit-limit"\r$/m);
    };
    for (const key of ['line:alice', 'customer:acme', 'trunk:pbx']) {
      await block(key);
      await refused(pbx, request('INVITE', '0142000001'));
      await refused(pbx, request('MESSAGE', '0612345678'));
      assert.equal((await drachtio.request(request('REGISTER', 'alice'), pbx)).status, 200);
      assert.equal(
        (await drachtio.request(request('INVITE', '0142000001', { from: 'bob' }), phone)).status,
        200,
      );
      await state.del(`vigie:blocked:${key}`);
    }
    await block('source:203.0.113.7', 'cmi.credit-limit', 'registration');
    await refused(pbx, request('REGISTER', 'alice'));
    // An address can be forged: it stops registrations and no call.
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
  });

  test('credentials name the line, whatever From says', async () => {
    service = await startGate();
    await block('line:alice');
    const more =
      'Proxy-Authorization: Digest username="alice", realm="x", nonce="n", uri="sip:x", response="r"\r\n';
    const invite = request('INVITE', '0142000001', { from: 'bob', more });
    assert.equal((await drachtio.request(invite, phone)).status, 403);
    await block('line:bob');
    await state.del('vigie:blocked:line:alice');
    assert.equal((await drachtio.request(request('INVITE', '1', { from: 'bob', more }), phone)).status, 200);
  });

  test('emergency and incoming calls pass; a number like an emergency number does not', async () => {
    service = await startGate();
    for (const key of ['line:alice', 'customer:acme', 'trunk:pbx']) await block(key);
    await limit('line:alice', 0);
    assert.equal((await drachtio.request(request('INVITE', '112'), pbx)).status, 200);
    const urn = request('INVITE', '112', { uri: 'urn:service:sos.fire' });
    assert.equal((await drachtio.request(urn, pbx)).status, 200);
    assert.equal(drachtio.forwarded[1].destination, 'sip:112@10.0.0.1:5060');
    assert.equal((await drachtio.request(request('INVITE', '1125'), pbx)).status, 403);
    const incoming = request('INVITE', 'alice', { from: '0600000000' });
    assert.equal((await drachtio.request(incoming, carrier)).status, 200);
    assert.equal(drachtio.forwarded.length, 3);
  });

  test('other methods are handed on without a question, a REGISTER without Path', async () => {
    const methods = ['INVITE', 'REGISTER', 'OPTIONS'];
    service = await startGate({ drachtio: { servers: [server(drachtio)], tags: [], methods } });
    await block('line:alice');
    assert.equal((await drachtio.request(request('OPTIONS', '0142000001'), pbx)).status, 200);
    assert.equal((await drachtio.request(request('REGISTER', 'alice'), pbx)).status, 200);
    assert.equal((await drachtio.request(request('SUBSCRIBE', '0142000001'), pbx)).status, 503);
    assert.deepEqual(service.counters.verdicts, { 'other-method': 1, clear: 1 });
    for (const { text } of drachtio.forwarded) assert.doesNotMatch(text, /^(Record-Route|Path):/m);
  });

  const inDialog = (text: string, answer: { readonly text: string }): string =>
    text
      .replace(/^To: .*$/m, /^To: .*$/m.exec(answer.text)?.[0].trimEnd() ?? '')
      .replace('z9hG4bK', 'z9hG4bKagain')
      .replace(/^CSeq: \d+/m, 'CSeq: 2');
  /** The same from the called party: it sends under its own tag. */
  const turnedRound = (text: string): string =>
    text
      .replace(/^From: /m, 'X: ')
      .replace(/^To: /m, 'From: ')
      .replace(/^X: /m, 'To: ');

  test('a request within a call that was let through passes, from either end; one with an invented tag is judged', async () => {
    service = await startGate();
    const invite = request('INVITE', '0142000001');
    const answer = await drachtio.request(invite, pbx);
    await waitFor('the answer', () => service.counters.callEvents['start'] === 2);
    await block('line:alice');
    const again = inDialog(invite, answer);
    assert.equal((await drachtio.request(again, pbx)).status, 200);
    assert.equal((await drachtio.request(turnedRound(again), pbx)).status, 200);
    assert.equal((await drachtio.request(again.replaceAll('INVITE', 'MESSAGE'), pbx)).status, 200);
    assert.deepEqual(service.counters.verdicts, { clear: 1, 'in-dialog': 3 });
    const invented = [
      again.replace(/^(To: .*;tag=).*$/m, '$1invented\r'),
      again.replace(/^(From: .*;tag=).*$/m, '$1invented\r'),
      again.replace(/^Call-ID: .*$/m, 'Call-ID: invented\r'),
    ];
    for (const text of invented) {
      assert.equal((await drachtio.request(text, pbx)).status, 403);
      assert.equal((await drachtio.request(text.replaceAll('INVITE', 'MESSAGE'), pbx)).status, 403);
    }
    assert.equal((service.counters.verdicts as Record<string, number>)['suspended'], 6);
    await state.del('vigie:blocked:line:alice');
    for (const text of invented) assert.equal((await drachtio.request(text, pbx)).status, 200);
  });

  test('a call is over with its BYE, and its tags are worth nothing any more', async () => {
    service = await startGate();
    const invite = request('INVITE', '0142000001');
    const answer = await drachtio.request(invite, pbx);
    await waitFor('the answer', () => service.counters.callEvents['start'] === 2);
    drachtio.bye(invite, answer);
    await waitFor('its end', async () => (await openCalls('alice')) === 0);
    await block('line:alice');
    assert.equal((await drachtio.request(inDialog(invite, answer), pbx)).status, 403);
  });

  test('an answer that is still being written does not outlive the end', async () => {
    service = await startGate();
    const { ledger } = service;
    const subject = { kind: 'line', id: 'alice' } as const;
    const invite = { callId: 'short', fromTag: 'f', cseq: 1, branch: 'z9hG4bKshort' };
    const booking = { direction: 'outgoing', subjects: [subject], limits: [] } as const;
    await ledger.enter({ ...invite, requestUser: '0142000001' }, booking);
    // As drachtio tells of a call: both sides, the answer to the proxied request, the BYE of the called party.
    const told = [ledger.answered(invite, 't'), ledger.answered(invite, 't'), ledger.end('short', 't', 'f')];
    await Promise.all([...told, ledger.answered(invite, 't'), ledger.end('short', 'f', 't')]);
    assert.equal(await openCalls('alice'), 0);
  });

  test('emergency and incoming calls can be put on hold by a suspended line, also when the gate was started anew', async () => {
    const before = await startGate();
    service = before;
    await block('line:alice');
    const emergency = request('INVITE', '112');
    const helped = await drachtio.request(emergency, pbx);
    const incoming = request('INVITE', 'alice', { from: '0600000000' });
    const taken = await drachtio.request(incoming, carrier);
    await waitFor('both answers', () => before.counters.callEvents['start'] === 4);
    const hold = async () => {
      assert.equal((await drachtio.request(inDialog(emergency, helped), pbx)).status, 200);
      const held = turnedRound(inDialog(incoming, taken));
      assert.equal((await drachtio.request(held, pbx)).status, 200);
    };
    await hold();
    await before.stop();
    await waitFor('the gate to be gone', () => drachtio.applications('invite') === 0);
    service = await startGate();
    await hold();
    assert.deepEqual(service.counters.verdicts, { 'in-dialog': 2 });
  });

  test('a REGISTER belongs to no dialog', async () => {
    service = await startGate();
    await block('source:203.0.113.7', 'cmi.credit-limit', 'registration');
    const tagged = request('REGISTER', 'alice').replace(/^(To: .*>)/m, '$1;tag=invented');
    assert.equal((await drachtio.request(tagged, pbx)).status, 403);
  });

  test("the policy's code: 603, and 608 with its contact card", async () => {
    const contactCard = 'https://example.net/card.jws';
    service = await startGate({
      refusal: { status: 603, statusByRule: { 'access.piracy': 608 }, contactCard },
    });
    await block('line:alice');
    const declined = await drachtio.request(request('INVITE', '0142000001'), pbx);
    assert.equal(declined.status, 603);
    assert.match(declined.text, /^Reason: SIP;cause=603;text="vigie cmi\.credit-limit"/m);
    await block('line:alice', 'access.piracy');
    const rejected = await drachtio.request(request('INVITE', '0142000001'), pbx);
    assert.equal(rejected.status, 608);
    assert.match(rejected.text, /^SIP\/2\.0 608 Rejected\r$/m);
    assert.match(rejected.text, /^Call-Info: <https:\/\/example\.net\/card\.jws>;purpose=jwscard\r$/m);
  });

  test('the third simultaneous call is refused while two go on, and passes when one has ended', async () => {
    service = await startGate();
    await limit('line:alice', 2);
    const first = request('INVITE', '0142000001');
    const answer = await drachtio.request(first, pbx);
    assert.equal(answer.status, 200);
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 200);
    const third = await drachtio.request(request('INVITE', '0142000003'), pbx);
    assert.equal(third.status, 403);
    assert.match(third.text, /vigie techcrea\.concurrent-calls/);
    assert.equal(await openCalls('alice'), 2);
    // Another line of the same customer has a limit of its own, and an emergency call none.
    assert.equal(
      (await drachtio.request(request('INVITE', '0142000003', { from: 'bob' }), phone)).status,
      200,
    );
    assert.equal((await drachtio.request(request('INVITE', '15'), pbx)).status, 200);
    drachtio.bye(first, answer);
    await waitFor('the end of the first call', async () => (await openCalls('alice')) === 1);
    assert.equal((await drachtio.request(request('INVITE', '0142000003'), pbx)).status, 200);
    assert.equal(await openCalls('alice'), 2);
  });

  test('the end of a call that drachtio told nobody is taken from the wire', async () => {
    service = await startGate();
    const first = request('INVITE', '0142000001');
    assert.equal((await drachtio.request(first, pbx)).status, 200);
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 200);
    await waitFor('both calls', async () => (await openCalls('alice')) === 2);
    const callId = /^Call-ID: (.*)\r$/m.exec(first)?.[1] ?? '';
    await waitFor('the answers', () => service.counters.callEvents['start'] === 4);
    service.onEvent({ type: 'ringing', leg: { callId } } as never);
    service.onEvent({ type: 'ended', leg: { callId: 'another' } } as never);
    assert.equal(await openCalls('alice'), 2);
    service.onEvent({ type: 'ended', leg: { callId } } as never);
    await waitFor('the end of one', async () => (await openCalls('alice')) === 1);
  });

  const numbered = (text: string, cseq: number): string =>
    text.replace(/^CSeq: \d+/m, `CSeq: ${cseq}`).replace('z9hG4bK', `z9hG4bKn${cseq}`);

  test('a call that is challenged, and re-sent with credentials, takes one place', async () => {
    service = await startGate();
    await limit('line:alice', 1);
    drachtio.nextHop = () => 407;
    const challenged = request('INVITE', '0142000001');
    assert.equal((await drachtio.request(challenged, pbx)).status, 407);
    // At once: the place is free before the retry is judged.
    assert.equal((await drachtio.request(numbered(challenged, 2), pbx)).status, 407);
    drachtio.nextHop = () => 200;
    assert.equal((await drachtio.request(numbered(challenged, 3), pbx)).status, 200);
    await waitFor('one call', async () => (await openCalls('alice')) === 1);
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 403);
  });

  test('one Call-ID and From tag for many calls: each takes a place', async () => {
    service = await startGate();
    await limit('line:alice', 2);
    const first = request('INVITE', '0142000001');
    const to = (text: string, called: string) => text.replaceAll('0142000001', called);
    const answer = await drachtio.request(first, pbx);
    assert.equal(answer.status, 200);
    assert.equal((await drachtio.request(numbered(first, 2), pbx)).status, 200);
    await waitFor('two calls', async () => (await openCalls('alice')) === 2);
    // Another number, another CSeq, another branch, the same INVITE once more: all of them would be the third call.
    const further = [
      to(first, '0142000002'),
      numbered(first, 3),
      first.replace('z9hG4bK', 'z9hG4bKother'),
      first,
    ];
    for (const text of further) assert.equal((await drachtio.request(text, pbx)).status, 403);
    assert.equal(await openCalls('alice'), 2);
    // The end of one frees one place and no other.
    drachtio.bye(first, answer);
    await waitFor('the end of one', async () => (await openCalls('alice')) === 1);
    assert.equal((await drachtio.request(numbered(first, 4), pbx)).status, 200);
    assert.equal((await drachtio.request(numbered(first, 5), pbx)).status, 403);
  });

  /** Calls ring until they are told what becomes of them. */
  const ringing = () => {
    const told: ((status: number) => void)[] = [];
    drachtio.nextHop = () => new Promise((resolve) => told.push(resolve));
    return told;
  };

  test('branches of a fork take one place, and leave it one by one; more than four are too many', async () => {
    service = await startGate();
    await limit('line:alice', 1);
    const told = ringing();
    const first = request('INVITE', '0142000001');
    const branch = (name: string) => drachtio.request(first.replace('z9hG4bK', `z9hG4bK${name}`), pbx);
    const branches = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      branches.push(branch(name));
      await waitFor(`branch ${name}`, () => told.length === branches.length);
    }
    assert.equal(await openCalls('alice'), 1);
    assert.equal((await branch('e')).status, 403);
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 403);
    for (const at of [0, 1]) told[at](486);
    assert.deepEqual(
      (await Promise.all(branches.slice(0, 2))).map(({ status }) => status),
      [486, 486],
    );
    await waitFor('both told', () => service.counters.outcomes['4xx'] === 2);
    assert.equal(await openCalls('alice'), 1);
    told[2](200);
    assert.equal((await branches[2]).status, 200);
    await waitFor('the answer', () => service.counters.outcomes['2xx'] === 1);
    told[3](487);
    await branches[3];
    await waitFor('the last branch', () => service.counters.outcomes['4xx'] === 3);
    assert.equal(await openCalls('alice'), 1);
    assert.equal(service.drachtio.openCalls, 1);
    assert.equal(service.counters.endedCalls, 0);
    drachtio.bye(first, await branches[2]);
    await waitFor('the end', async () => (await openCalls('alice')) === 0);
  });

  test('a second branch that is answered is a call of its own: beyond the limit it is ended, within it is not', async () => {
    service = await startGate();
    await limit('line:alice', 2);
    const told = ringing();
    const first = request('INVITE', '0142000001');
    const branches = ['a', 'b', 'c'].map((name) =>
      drachtio.request(first.replace('z9hG4bK', `z9hG4bK${name}`), pbx),
    );
    await waitFor('all to ring', () => told.length === 3);
    for (const [at, answer] of told.entries()) {
      answer(200);
      await waitFor(`answer ${at}`, () => service.counters.outcomes['2xx'] === at + 1);
    }
    await Promise.all(branches);
    await waitFor('the end of the third', () => service.counters.endedCalls === 1);
    assert.equal(drachtio.sent.length, 2);
    assert.equal(await openCalls('alice'), 2);
  });

  test('a limit on both directions counts calls that arrive, and refuses none of them', async () => {
    service = await startGate();
    await limit('line:alice', 2, 'both');
    const arrive = () => drachtio.request(request('INVITE', 'alice', { from: '0600000000' }), carrier);
    for (let count = 0; count < 2; count++) assert.equal((await arrive()).status, 200);
    await waitFor('two incoming calls', async () => (await openCalls('alice', 'incoming')) === 2);
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 403);
    assert.equal((await arrive()).status, 200);
  });

  test('the number is withheld where it may not be presented', async () => {
    service = await startGate();
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    await state.set('vigie:restricted:line:alice', JSON.stringify({ rule: 'cmi.caller-id' }));
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    const [open, withheld] = drachtio.forwarded.map(({ text }) => /^Privacy: id\r$/m.test(text));
    assert.deepEqual([open, withheld], [false, true]);
  });

  test('Redis silent or dead: calls go on', async () => {
    service = await startGate({ deadline: 50 });
    await block('line:alice');
    redis.pause();
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    redis.resume();
    await redis.stop('SIGKILL');
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 200);
    await redis.start();
    assert.equal(service.counters.verdicts['suspended'], undefined);
    await waitFor('Redis to answer the gate', async () => {
      await block('line:alice').catch(() => undefined);
      return (await drachtio.request(request('INVITE', '0142000003'), pbx)).status === 403;
    });
  });

  test('a next hop that does not answer gives way to the one after it', async () => {
    service = await startGate({ next: [FIRST, SECOND] });
    drachtio.nextHop = (destination) => (destination.endsWith('@10.0.0.1:5060') ? 'silent' : 200);
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    assert.deepEqual(
      drachtio.forwarded.map(({ destination }) => destination),
      ['sip:0142000001@10.0.0.1:5060', 'sip:0142000001@10.0.0.2:5060'],
    );
    assert.equal(await openCalls('alice'), 1);
  });

  test('a called user cannot add destinations or lines', async () => {
    service = await startGate();
    const uri = 'sip:01|sip:evil@192.0.2.66@192.0.2.10:5060';
    await drachtio.request(request('INVITE', '01', { uri }), pbx);
    assert.equal(drachtio.forwarded.length, 1);
    assert.match(drachtio.forwarded[0].destination, /^sip:[^@|]*@10\.0\.0\.1:5060$/);
  });

  test('a decision that throws or never comes leaves no caller without an answer', async () => {
    service = await startGate();
    service.gate.decide = () => {
      throw new Error('a fault of ours');
    };
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    service.gate.decide = () => Promise.reject(new Error('a fault of ours'));
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
    assert.deepEqual(service.counters.verdicts, { fault: 2 });
  });

  test('a connection lost during the decision: the answer is given over the next one', async () => {
    service = await startGate();
    const decide = service.gate.decide.bind(service.gate);
    let decided = () => {};
    service.gate.decide = async (question) => {
      drachtio.cut();
      await new Promise<void>((resolve) => {
        decided = resolve;
      });
      return decide(question);
    };
    await block('line:bob');
    const passes = drachtio.request(request('INVITE', '0142000001'), pbx);
    await waitFor('the cut', () => drachtio.accepted() === 2 && drachtio.applications('invite') === 1);
    decided();
    await waitFor('the decision', () => service.counters.verdicts['clear'] === 1);
    drachtio.cut();
    assert.equal((await passes).status, 200);
    service.gate.decide = async (question) => {
      const verdict = await decide(question);
      drachtio.cut();
      await waitFor('the cut', () => service.drachtio.servers().every(({ connected }) => !connected));
      return verdict;
    };
    const refused = request('INVITE', '0142000001', { from: 'bob' });
    assert.equal((await drachtio.request(refused, phone)).status, 403);
    assert.ok(service.counters.redelivered >= 2);
  });

  test('drachtio away and back: the gate is back by itself', async () => {
    service = await startGate();
    await drachtio.stop();
    await waitFor('the loss', () => service.drachtio.servers().every(({ connected }) => !connected));
    assert.equal((await service.drachtio.health()).healthy, false);
    await drachtio.start();
    await waitFor('the gate', () => drachtio.applications('invite') === 1);
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
  });

  test('a wrong secret is told, and the right one taken as soon as it is right', async () => {
    drachtio.secret = 'another';
    service = new GateService({
      config: gateConfig(),
      directory,
      redis: state,
      emergency: () => emergencyNumbers(['FR']),
      log: silentLog,
    });
    service.start();
    opened.push(() => service.stop());
    await waitFor('the refusal', () => /secret/.test(service.drachtio.servers()[0].detail));
    assert.equal(drachtio.applications('invite'), 0);
    drachtio.secret = 'cymru';
    await waitFor('the gate', () => drachtio.applications('invite') === 1);
  });

  test('TLS stays TLS after the connection was lost', async () => {
    const files = mkdtempSync(join(tmpdir(), 'vigie-gate-'));
    opened.push(async () => rmSync(files, { recursive: true, force: true }));
    const own = authority(files, 'own');
    const { certificate, key } = own.sign('drachtio.example');
    const secure = await startDrachtioDouble({
      tls: { cert: readFileSync(certificate), key: readFileSync(key) },
    });
    opened.push(() => secure.stop());
    const tls = { tls: true, authority: own.certificate, serverName: 'drachtio.example' };
    service = await startGate({}, [server(secure, tls)], secure);
    secure.cut();
    await waitFor(
      'the second connection',
      () => secure.accepted() === 2 && secure.applications('invite') === 1,
    );
    assert.equal((await secure.request(request('INVITE', '0142000001'), pbx)).status, 200);
  });

  test('a certificate of somebody else is not taken', async () => {
    const files = mkdtempSync(join(tmpdir(), 'vigie-gate-'));
    opened.push(async () => rmSync(files, { recursive: true, force: true }));
    const { certificate, key } = authority(files, 'other').sign('drachtio.example');
    const secure = await startDrachtioDouble({
      tls: { cert: readFileSync(certificate), key: readFileSync(key) },
    });
    opened.push(() => secure.stop());
    const tls = { tls: true, authority: authority(files, 'own').certificate, serverName: 'drachtio.example' };
    service = await startGate({}, [server(drachtio), server(secure, tls)]);
    await waitFor('the refusal', () => /certificate/.test(service.drachtio.servers()[1].detail));
    assert.equal(secure.applications('invite'), 0);
  });

  test('several servers and several gates share one ledger', async () => {
    const other = await startDrachtioDouble();
    opened.push(() => other.stop());
    service = await startGate({}, [server(drachtio), server(other)]);
    await waitFor('the other', () => other.applications('invite') === 1);
    const second = await startGate();
    await waitFor('both', () => drachtio.applications('invite') === 2);
    await limit('line:alice', 2);
    const first = request('INVITE', '0142000001');
    const answer = await drachtio.request(first, pbx);
    assert.equal(answer.status, 200);
    assert.equal((await other.request(request('INVITE', '0142000002'), pbx)).status, 200);
    assert.equal((await drachtio.request(request('INVITE', '0142000003'), pbx)).status, 403);
    assert.equal((await other.request(request('INVITE', '0142000003'), pbx)).status, 403);
    // Either gate may be told of the end.
    drachtio.bye(first, answer);
    await waitFor('the end', async () => (await openCalls('alice')) === 1);
    const events = (gate: GateService) => gate.counters.callEvents['stop'] ?? 0;
    assert.ok(events(service) > 0 && events(second) > 0);
  });

  test('frames that are none cost the connection and nothing else', async () => {
    service = await startGate();
    for (const garbage of ['garbage#', '12#0|nonsense|x', `9${'9'.repeat(20)}`, 'x'.repeat(2_000_000)]) {
      const before = drachtio.accepted();
      const bad = service.counters.badFrames;
      drachtio.write(garbage);
      // A frame of an unknown kind is left out; what cannot be followed any more ends the connection.
      if (!garbage.startsWith('12#') && !garbage.startsWith('9'))
        await waitFor(
          'a new connection',
          () => service.counters.badFrames > bad && drachtio.accepted() > before,
        );
      else drachtio.cut();
      await waitFor('the gate', () => drachtio.accepted() > before && drachtio.applications('invite') === 1);
    }
    assert.equal((await drachtio.request(request('INVITE', '0142000001'), pbx)).status, 200);
  });

  test('a request that drachtio-srf cannot read goes on', async () => {
    service = await startGate();
    const unreadable = request('INVITE', '0142000001').replace(/^CSeq: .*$/m, 'CSeq: nonsense');
    assert.equal((await drachtio.request(unreadable, pbx)).status, 200);
    assert.equal(service.counters.verdicts['unreadable'], 1);
  });

  test('what would hold drachtio-srf up is judged without it', async () => {
    service = await startGate();
    // It needs 10 s for each of these.
    const spaces = `X-Any: a${' '.repeat(40_000)}b\r\n`;
    const hard = () => request('INVITE', '0142000001', { more: spaces });
    assert.equal((await drachtio.request(hard(), pbx)).status, 200);
    await block('line:alice');
    const { status, text } = await drachtio.request(hard(), pbx);
    assert.equal(status, 403);
    assert.match(text, /^Reason: SIP;cause=403;text="vigie cmi\.credit-limit"/m);
    assert.equal((await drachtio.request(request('INVITE', '112', { more: spaces }), pbx)).status, 200);
    await state.del('vigie:blocked:line:alice');
    await state.set('vigie:restricted:line:alice', JSON.stringify({ rule: 'cmi.caller-id' }));
    assert.equal((await drachtio.request(hard(), pbx)).status, 200);
    assert.match(drachtio.forwarded.at(-1)?.text ?? '', /^Privacy: id\r$/m);
    assert.deepEqual(service.counters.verdicts, { clear: 2, suspended: 1, emergency: 1 });
    assert.equal(await openCalls('alice'), 2);
  });

  test('stopping: what was asked is answered, new requests go elsewhere', async () => {
    service = await startGate();
    const decide = service.gate.decide.bind(service.gate);
    let asked = () => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let go = () => {};
    service.gate.decide = async (question) => {
      asked();
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return decide(question);
    };
    const pending = drachtio.request(request('INVITE', '0142000001'), pbx);
    await waiting;
    const stopped = service.stop();
    await waitFor('no more requests', () => drachtio.applications('invite') === 0);
    assert.equal((await drachtio.request(request('INVITE', '0142000002'), pbx)).status, 503);
    go();
    await stopped;
    assert.equal((await pending).status, 200);
  });

  test('a call in progress is ended at both ends; one that rings, when it is answered; an emergency call never', async () => {
    service = await startGate();
    const [ender] = service.callEnders();
    const invite = request('INVITE', '0142000001');
    assert.equal((await drachtio.request(invite, pbx)).status, 200);
    const of = (text: string, phase: 'ringing' | 'answered') => ({
      callId: /^Call-ID: (.*)\r$/m.exec(text)?.[1] ?? '',
      fromTag: /^From: .*;tag=(.*)\r$/m.exec(text)?.[1] ?? '',
      toTag: null,
      phase,
      cseq: 1,
      line: 'alice',
      customer: 'acme',
    });
    await waitFor('the answer', () => service.counters.outcomes['2xx'] === 1);
    assert.equal(await ender.end(of(invite, 'answered')), 'ended');
    assert.equal(drachtio.sent.length, 2);
    const [toCalled, toCaller] = drachtio.sent;
    assert.match(toCalled, /^BYE sip:198\.51\.100\.7:5070 SIP/);
    assert.match(toCalled, /^From: <sip:alice@example\.net>;tag=f/im);
    assert.match(toCaller, /^BYE sip:alice@203\.0\.113\.7:5060 SIP/);
    assert.match(toCaller, /^To: <sip:alice@example\.net>;tag=f/im);
    assert.equal(await openCalls('alice'), 0);
    assert.equal(await ender.end(of(invite, 'answered')), 'absent');

    const emergency = request('INVITE', '112');
    await drachtio.request(emergency, pbx);
    assert.equal(await ender.end(of(emergency, 'answered')), 'emergency');

    // This one listens on no SIP port where it could be cancelled.
    drachtio.nextHop = (_destination, text) => {
      void ender.end(of(text, 'ringing'));
      return 200;
    };
    await drachtio.request(request('INVITE', '0142000001'), pbx);
    await waitFor('both BYEs', () => drachtio.sent.length === 4 && service.counters.endedCalls === 2);
  });

  test('a call that rings is cancelled as its caller would, an emergency call is not', async () => {
    const listening = await startDrachtioDouble({ listensForSip: true });
    opened.push(() => listening.remove());
    service = await startGate({}, [server(listening)], listening);
    const [ender] = service.callEnders();
    let rings = 0;
    listening.nextHop = () => {
      rings++;
      return new Promise(() => undefined);
    };
    const invite = request('INVITE', '0142000001');
    const emergency = request('INVITE', '112');
    const callOf = (text: string) => ({
      callId: /^Call-ID: (.*)\r$/m.exec(text)?.[1] ?? '',
      fromTag: null,
      toTag: null,
      phase: 'ringing' as const,
      cseq: 1,
      line: 'alice',
      customer: 'acme',
    });
    const pending = listening.request(invite, pbx);
    void listening.request(emergency, pbx);
    await waitFor('both to ring', () => rings === 2);
    assert.equal(await ender.end(callOf(emergency)), 'emergency');
    assert.equal(await ender.end(callOf(invite)), 'ended');
    assert.equal((await pending).status, 487);
    await waitFor('the place', async () => (await openCalls('alice')) === 0);
    await waitFor('the answer to the CANCEL', () => service.counters.cancelledCalls === 1);
    assert.equal(await ender.end(callOf(invite)), 'absent');
    assert.equal(rings, 2);
    assert.equal(service.drachtio.openCalls, 1);
  });
});
