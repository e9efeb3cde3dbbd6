/**
 * What the proxy does with the keys that Vigie writes: real Kamailio with deploy/kamailio/example.cfg, real Redis,
 * SIPp as customers and carrier. The keys are set by hand; the daemon does not run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { waitFor } from './harness/child.ts';
import { captureLoopback } from './harness/dumpcap.ts';
import { type HepSink, splitHep, startHepSink } from './harness/hep-sink.ts';
import { type Subscriber, startKamailio, type TestKamailio } from './harness/kamailio.ts';
import { freePort } from './harness/ports.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { customerRow, runSipp, type SippOptions, type SippRun, startSipp } from './harness/sipp.ts';
import { sipOf } from './harness/tshark.ts';

const alpha: Subscriber = { line: '33100000001', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'acme' };
const gamma: Subscriber = { line: '33100000003', password: 'three', customer: 'bolt' };
const abroad = 'sip:33612345678@vigie.example';
const block = JSON.stringify({
  id: 's-1',
  rule: 'cmi.transaction-rate',
  scope: 'outgoing',
  since: '2026-11-22T10:00:00Z',
  until: null,
});

/** France's, written out here a second time on purpose: what the include must let through. */
const emergencyNumbers = '112 15 17 18 114 115 119 191 196 197 116000 116117'.split(' ');

let redis: TestRedis;
let keys: Redis;
let hep: HepSink;
let carrier: SippRun;
let proxy: TestKamailio;

before(async () => {
  redis = await startRedis();
  keys = new Redis(redis.url, { maxRetriesPerRequest: null });
  keys.on('error', () => {});
  hep = await startHepSink();
  carrier = await startSipp({ scenario: 'answer', address: '127.0.0.20', timeoutSeconds: 300 });
  proxy = await startKamailio({
    subscribers: [alpha, beta, gamma],
    redisPort: redis.port,
    hep: `127.0.0.1:${hep.port}`,
    carrierPort: carrier.port,
  });
});

after(async () => {
  await proxy?.stop();
  await carrier?.stop();
  keys?.disconnect();
  hep?.close();
  await redis?.remove();
});

/** One call of a customer; `options` may change the scenario (default: answered), the address, the hold. */
function call(who: Subscriber, requestUri: string, options: Partial<SippOptions> = {}) {
  return startSipp({
    scenario: 'customer-call',
    address: '127.0.1.1',
    target: proxy,
    rows: [customerRow(who.line, who.password)],
    requestUri,
    timeoutSeconds: 10,
    ...options,
  });
}

async function connects(who: Subscriber, requestUri: string, options: Partial<SippOptions> = {}) {
  const result = await (await call(who, requestUri, options)).finished;
  assert.equal(result.successful, 1, `${who.line} to ${requestUri} should connect\n${result.errors}`);
}

/** 403 and `Reason: SIP;cause=403;text="vigie …"`: the scenario fails without either. */
async function isRefused(who: Subscriber, requestUri: string, options: Partial<SippOptions> = {}) {
  const run = await call(who, requestUri, { scenario: 'customer-refused', ...options });
  const result = await run.finished;
  assert.equal(result.successful, 1, `${who.line} to ${requestUri} should be refused\n${result.errors}`);
}

/** The 403 that the proxy sent; what a busy machine has repeated stands here once. */
const refusalsSeen = (): string[] => [
  ...new Set(hep.messages().filter((message) => message.startsWith('SIP/2.0 403'))),
];

async function register(who: Subscriber, options: Partial<SippOptions> = {}) {
  const result = await runSipp({
    scenario: 'customer-register',
    address: '127.0.1.1',
    target: proxy,
    rows: [customerRow(who.line, who.password)],
    timeoutSeconds: 10,
    ...options,
  });
  assert.equal(result.successful, 1, result.errors);
}

describe('SMS', () => {
  let receiver: SippRun;
  let other: TestKamailio;
  before(async () => {
    receiver = await startSipp({ scenario: 'answer-message', address: '127.0.0.20', timeoutSeconds: 60 });
    other = await startKamailio({
      subscribers: [alpha, beta],
      redisPort: redis.port,
      hep: `127.0.0.1:${hep.port}`,
      carrierPort: receiver.port,
    });
    await keys.set(`vigie:blocked:line:${alpha.line}`, block);
  });
  after(async () => {
    await keys.flushall();
    await other?.stop();
    await receiver?.stop();
  });
  const sends = async (who: Subscriber, to: string, scenario: string) => {
    const { successful, errors } = await (await call(who, to, { scenario, target: other })).finished;
    assert.equal(successful, 1, errors);
  };

  it('of a blocked line are refused', () => sends(alpha, abroad, 'customer-message-refused'));
  it('of a blocked line to an emergency number arrive', () =>
    sends(alpha, 'sip:114@vigie.example', 'customer-message'));
  it('of other lines arrive', () => sends(beta, abroad, 'customer-message'));
});

describe('a blocked line', () => {
  before(() => keys.set(`vigie:blocked:line:${alpha.line}`, block));
  after(() => keys.flushall());

  it('has its calls refused with the rule in the Reason, and no other line has', async () => {
    hep.clear();
    await isRefused(alpha, abroad);
    await hep.drained();
    const refusals = refusalsSeen();
    assert.equal(refusals.length, 1);
    assert.match(refusals[0], /\r\nReason: SIP;cause=403;text="vigie cmi\.transaction-rate"\r\n/);
    await connects(beta, abroad);
    await connects(gamma, abroad);
  });

  it('is judged by its credentials, not by the name in From', async () => {
    const row = (from: string, who: Subscriber) => [
      `${from};[authentication username=${who.line} password=${who.password}]`,
    ];
    await isRefused(alpha, abroad, { rows: row(gamma.line, alpha) });
    await connects(gamma, abroad, { rows: row(alpha.line, gamma) });
  });

  for (const number of emergencyNumbers)
    it(`reaches ${number}`, () => connects(alpha, `sip:${number}@vigie.example`));

  for (const uri of [
    'sip:15;phone-context=+33@vigie.example;user=phone',
    'sip:112@vigie.example;user=phone',
    'sip:%3112@vigie.example',
    'tel:112',
    'tel:15;phone-context=+33',
    'tel:1-1-2;phone-context=+33',
    'tel:(1).12',
    'sip:1.1.2@vigie.example',
    'urn:service:sos',
    'urn:service:sos.fire',
    'URN:service:SOS.mountain-rescue',
  ])
    it(`reaches ${uri}`, () => connects(alpha, uri));

  for (const uri of [
    'sip:0112@vigie.example',
    'sip:1125@vigie.example',
    'sip:33112@vigie.example',
    'sip:1@112.vigie.example',
    'sip:116001@vigie.example',
    'sip:33612345678;x=112@vigie.example',
    'tel:+33112',
    'urn:service:sosfire',
    'urn:service:counseling',
  ])
    it(`does not reach ${uri}`, () => isRefused(alpha, uri));

  it('stays registered and receives calls', async () => {
    const address = '127.0.1.31';
    const port = await freePort(address);
    await register(alpha, { address, port });
    const phone = await startSipp({ scenario: 'answer', address, port, timeoutSeconds: 20 });
    const incoming = await runSipp({
      scenario: 'carrier-call',
      address: '127.0.0.20',
      target: proxy,
      rows: ['33699999999;'],
      requestUri: `sip:${alpha.line}@vigie.example`,
      timeoutSeconds: 10,
    });
    const answered = await phone.stop();
    assert.equal(incoming.successful, 1, incoming.errors);
    assert.equal(answered.successful, 1, answered.errors);
  });
});

describe('a suspension in the middle of a call', () => {
  afterEach(() => keys.flushall());

  it('lets re-INVITE and BYE through and refuses the next call', async () => {
    hep.clear();
    const open = await call(alpha, abroad, { scenario: 'customer-reinvite', holdMs: 1000 });
    const isUp = () =>
      hep.messages().some((message) => message.startsWith('ACK') && message.includes('\r\nRoute:'));
    await waitFor('the call', isUp, open.child);
    await keys.set(`vigie:blocked:line:${alpha.line}`, block);
    const result = await open.finished;
    assert.equal(result.successful, 1, result.errors);
    await isRefused(alpha, abroad);
  });

  it('lets a ringing call be cancelled', async () => {
    hep.clear();
    const open = await call(alpha, 'sip:336123450487@vigie.example', {
      scenario: 'customer-cancel',
      holdMs: 1500,
    });
    await waitFor('ringing', () => hep.messages().some((one) => one.startsWith('SIP/2.0 180')), open.child);
    await keys.set(`vigie:blocked:line:${alpha.line}`, block);
    const result = await open.finished;
    assert.equal(result.successful, 1, result.errors);
  });
});

describe('a blocked customer', () => {
  after(() => keys.flushall());

  it('has the calls of all its lines refused, emergency calls excepted', async () => {
    await keys.set('vigie:blocked:customer:acme', block);
    await isRefused(alpha, abroad);
    await isRefused(beta, abroad);
    await connects(gamma, abroad);
    await connects(beta, 'sip:112@vigie.example');
  });

  it('calls again once the key has gone', async () => {
    await keys.del('vigie:blocked:customer:acme');
    await connects(alpha, abroad);
  });

  it('is refused without a rule when the value is not what Vigie writes', async () => {
    await keys.set('vigie:blocked:customer:acme', 'x\r\nEvil: yes');
    hep.clear();
    await (await call(alpha, abroad, { scenario: 'customer-rejected' })).finished;
    await hep.drained();
    const refusals = refusalsSeen();
    assert.equal(refusals.length, 1);
    assert.match(refusals[0], /\r\nReason: SIP;cause=403;text="vigie"\r\n/);
    assert.doesNotMatch(refusals[0], /Evil/);
  });
});

describe('a blocked trunk', () => {
  after(() => keys.flushall());

  it('is refused; without knowledge of trunks, the line stands for its own', async () => {
    await keys.set(`vigie:blocked:trunk:${alpha.line}`, block);
    await isRefused(alpha, abroad);
    await connects(beta, abroad);
  });
});

describe('a blocked source', () => {
  before(() => keys.set('vigie:blocked:source:127.0.1.9', block));
  after(() => keys.flushall());

  it('is refused registration, other sources are not', async () => {
    const refused = await runSipp({
      scenario: 'customer-register-refused',
      address: '127.0.1.9',
      target: proxy,
      rows: [customerRow(alpha.line, alpha.password)],
      timeoutSeconds: 10,
    });
    assert.equal(refused.successful, 1, refused.errors);
    await register(alpha, { address: '127.0.1.8' });
    await register(alpha, { address: '127.0.1.90' });
  });

  it('still calls: an address can be forged, credentials cannot', () =>
    connects(alpha, abroad, { address: '127.0.1.9' }));
});

describe('what reaches Vigie', () => {
  it('is one HEP packet for every message on the wire', async (t) => {
    const sink = await startHepSink();
    const upstream = await startSipp({ scenario: 'answer', address: '127.0.0.21', timeoutSeconds: 60 });
    const own = await startKamailio({
      subscribers: [alpha, beta, gamma],
      redisPort: redis.port,
      hep: `127.0.0.1:${sink.port}`,
      carrierAddress: '127.0.0.21',
      carrierPort: upstream.port,
    });
    // SIPp does not count what reaches it after the end of a call, as copies do on a busy machine.
    const directory = mkdtempSync(join(tmpdir(), 'vigie-wire-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const wire = await captureLoopback(
      join(directory, 'wire.pcap'),
      `udp and host ${own.address} and port ${own.port} and not port ${sink.port}`,
    );
    const run = (scenario: string, requestUri: string, calls: number) =>
      runSipp({
        scenario,
        address: '127.0.1.2',
        target: own,
        rows: [customerRow(alpha.line, alpha.password)],
        requestUri,
        calls,
        perSecond: 50,
        timeoutSeconds: 15,
      });
    const customers = [
      await run('customer-register', abroad, 5),
      await run('customer-call', abroad, 20),
      await run('customer-rejected', 'sip:336123450486@vigie.example', 5),
      await run('customer-cancel', 'sip:336123450487@vigie.example', 5),
      await run('options', abroad, 30),
    ];
    await keys.set(`vigie:blocked:line:${alpha.line}`, block);
    customers.push(await run('customer-refused', abroad, 5));
    await keys.flushall();
    const answered = await upstream.stop();
    await own.stop();
    await wire.stop();
    await sink.drained();
    sink.close();
    for (const one of customers) assert.equal(one.failed, 0, one.errors);
    const onTheWire = sipOf(wire.file).filter(({ callId }) => !callId.startsWith('ready-')).length;
    const sent = [...customers, answered].reduce((sum, one) => sum + one.sent, 0);
    t.diagnostic(`${onTheWire} messages on the wire, ${sent} of them SIPp's`);
    assert.ok(onTheWire > sent && sent >= 5 * 2 + 20 * 7 + 5 * 5 + 5 * 8 + 30 + 5 * 4);
    assert.equal(sink.messages().length, onTheWire);
  });
});

describe('HEP over TCP', () => {
  it('is one stream of the same packets', async () => {
    const frames: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (data) => frames.push(data)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const own = await startKamailio({
      subscribers: [alpha],
      redisPort: redis.port,
      hep: `127.0.0.1:${port};transport=tcp`,
      carrierPort: carrier.port,
    });
    try {
      await connects(alpha, abroad, { target: own });
      // What a busy machine has repeated stands here once.
      const payloads = () => [
        ...new Set(splitHep(Buffer.concat(frames)).filter((one) => !one.includes('Call-ID: ready-'))),
      ];
      // Nine messages between customer and proxy, five between proxy and carrier.
      await waitFor('14 packets', () => payloads().length >= 14);
      await own.stop();
      assert.equal(payloads().length, 14);
    } finally {
      await own.stop();
      server.close();
    }
  });
});

describe('Vigie away', () => {
  for (const transport of ['', ';transport=tcp'])
    it(`calls pass, HEP going nowhere${transport}`, async () => {
      const upstream = await startSipp({ scenario: 'answer', address: '127.0.0.23', timeoutSeconds: 60 });
      const own = await startKamailio({
        subscribers: [alpha],
        redisPort: redis.port,
        hep: `127.0.0.1:${await freePort()}${transport}`,
        carrierAddress: '127.0.0.23',
        carrierPort: upstream.port,
      });
      try {
        const run = await call(alpha, abroad, { target: own, calls: 20, perSecond: 50 });
        const result = await run.finished;
        assert.equal(result.successful, 20, result.errors);
      } finally {
        await own.stop();
        await upstream.stop();
      }
    });
});

describe('Redis away', () => {
  before(() => keys.set(`vigie:blocked:line:${alpha.line}`, block));

  const timed = async (t: { diagnostic(text: string): void }, what: string, work: () => Promise<void>) => {
    const start = performance.now();
    await work();
    t.diagnostic(`${what}: ${Math.round(performance.now() - start)} ms for one whole SIPp run`);
  };

  it('hung: calls and registrations pass; answering again: the block is back', async (t) => {
    await isRefused(alpha, abroad);
    redis.pause();
    try {
      for (let i = 1; i <= 6; i++) await timed(t, `call ${i} with Redis hung`, () => connects(alpha, abroad));
      await register(alpha);
    } finally {
      redis.resume();
    }
    await waitFor('the block', async () => {
      const run = await call(alpha, abroad, { scenario: 'customer-refused' });
      return (await run.finished).successful === 1;
    });
  });

  it('down: calls and registrations pass; back: the block is back', async (t) => {
    await redis.stop('SIGKILL');
    for (let i = 1; i <= 6; i++) await timed(t, `call ${i} with Redis down`, () => connects(alpha, abroad));
    await connects(gamma, abroad);
    await register(alpha);
    await redis.start();
    await keys.set(`vigie:blocked:line:${alpha.line}`, block);
    await waitFor('the block', async () => {
      const run = await call(alpha, abroad, { scenario: 'customer-refused' });
      return (await run.finished).successful === 1;
    });
  });

  it('down when the proxy starts: it starts, and calls pass', async () => {
    await redis.stop();
    const upstream = await startSipp({ scenario: 'answer', address: '127.0.0.22', timeoutSeconds: 60 });
    const own = await startKamailio({
      subscribers: [alpha],
      redisPort: redis.port,
      hep: `127.0.0.1:${hep.port}`,
      carrierAddress: '127.0.0.22',
      carrierPort: upstream.port,
    });
    try {
      await connects(alpha, abroad, { target: own });
    } finally {
      await own.stop();
      await upstream.stop();
      await redis.start();
    }
  });
});
