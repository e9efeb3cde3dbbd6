/**
 * What the proxy does with caller ids that are withheld, calls beyond a limit and calls that are to end, told by Redis keys and by its
 * own table: real Kamailio with deploy/kamailio/example.cfg, SIPp on both sides, the enforcers' own clients. The daemon does not run.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import type { CallToEnd } from '../daemon/enforcement/call-ender.ts';
import { KamailioCallEnder } from '../daemon/enforcement/kamailio/call-ender.ts';
import { HttpRpc } from '../daemon/enforcement/kamailio/http-rpc.ts';
import { TableClient } from '../daemon/enforcement/kamailio/table-client.ts';
import { UdpRpc } from '../daemon/enforcement/kamailio/udp-rpc.ts';
import { waitFor } from './harness/child.ts';
import { type HepSink, startHepSink } from './harness/hep-sink.ts';
import { type Subscriber, startKamailio, type TestKamailio } from './harness/kamailio.ts';
import { freePort } from './harness/ports.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { customerRow, type SippOptions, type SippRun, startSipp } from './harness/sipp.ts';

const alpha: Subscriber = { line: '33100000001', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'acme' };
const abroad = 'sip:33612345678@vigie.example';
const ringing = 'sip:336123450487@vigie.example';
const emergency = 'sip:112@vigie.example';

const rule = { id: 's-1', rule: 'cmi.trunk-channels', since: '2026-11-22T10:00:00Z', until: null };
const restricted = JSON.stringify({ ...rule, effect: 'restrict-caller-id' });
const block = JSON.stringify({ ...rule, scope: 'outgoing' });
const limited = (calls: number, direction = 'outgoing') =>
  JSON.stringify({ ...rule, effect: 'refuse-excess', calls, direction });

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.remove());

for (const way of ['redis', 'htable'] as const)
  describe(`told by ${way}`, () => {
    let keys: Redis;
    let hep: HepSink;
    let carrier: SippRun;
    let proxy: TestKamailio;
    let rpc: HttpRpc;
    let table: TableClient;
    let ender: KamailioCallEnder;
    const told = new Set<string>();

    before(async () => {
      keys = new Redis(redis.url);
      hep = await startHepSink();
      carrier = await startSipp({ scenario: 'answer', address: '127.0.0.20', timeoutSeconds: 120 });
      proxy = await startKamailio({
        subscribers: [alpha, beta],
        redisPort: redis.port,
        hep: `127.0.0.1:${hep.port}`,
        carrierPort: carrier.port,
        htable: way === 'htable',
      });
      rpc = new HttpRpc(proxy.rpc, { token: null, timeoutMs: 2_000 });
      table = new TableClient(rpc, 'vigie', Date.now);
      ender = new KamailioCallEnder('kamailio', rpc);
    });

    after(async () => {
      await rpc?.close();
      await proxy?.stop();
      await carrier?.child.stop('SIGKILL');
      hep?.close();
      keys?.disconnect();
    });

    afterEach(async () => {
      for (const entry of told) await say(entry, null);
      told.clear();
      await waitFor('no call open', () => openCalls().then((open) => open === 0));
    });

    async function say(entry: string, value: string | null): Promise<void> {
      told.add(entry);
      if (way === 'htable') await table.put(entry, value === null ? null : { value, untilMs: null });
      else if (value === null) await keys.del(`vigie:${entry}`);
      else await keys.set(`vigie:${entry}`, value);
    }

    /** INVITEs that reached the carrier or a phone, less those that have ended. */
    async function openCalls(): Promise<number> {
      await hep.drained();
      // The proxy's workers overtake each other: a copy of an answer to INVITE can come after that to BYE.
      const answered = new Set<string>();
      const ended = new Set<string>();
      for (const message of hep.messages()) {
        if (/^SIP\/2.0 200.*\r\nCSeq: \d+ INVITE/s.test(message)) answered.add(callIdOf(message));
        if (/^SIP\/2.0 200.*\r\nCSeq: \d+ BYE/s.test(message)) ended.add(callIdOf(message));
      }
      return [...answered].filter((callId) => !ended.has(callId)).length;
    }

    function call(who: Subscriber, requestUri: string, options: Partial<SippOptions> = {}): Promise<SippRun> {
      return startSipp({
        scenario: 'customer-call',
        address: '127.0.1.1',
        target: proxy,
        rows: [customerRow(who.line, who.password)],
        requestUri,
        timeoutSeconds: 15,
        ...options,
      });
    }

    async function succeeds(who: Subscriber, requestUri: string, options: Partial<SippOptions> = {}) {
      const result = await (await call(who, requestUri, options)).finished;
      assert.equal(result.successful, 1, `${who.line} to ${requestUri}\n${result.errors}`);
    }

    /** Where the end of a call before it may not have reached the proxy yet. */
    const succeedsInTheEnd = (who: Subscriber, requestUri: string) =>
      waitFor('the next call', async () => (await (await call(who, requestUri)).finished).successful === 1);

    const isRefused = (who: Subscriber, requestUri: string) =>
      succeeds(who, requestUri, { scenario: 'customer-refused' });

    /** What a busy machine has repeated stands here once. */
    const messages = (): string[] => [...new Set(hep.messages())];

    /** The INVITEs that went out to the carrier. */
    function sentOn(): string[] {
      return messages().filter(
        (one) => one.startsWith('INVITE') && (one.match(/^Via:/gm) ?? []).length === 2,
      );
    }

    /** The call of an INVITE, for `ender`: calls that last until they are ended need no guess at how long a test takes. */
    const toEnd = (message: string, phase: CallToEnd['phase']): CallToEnd => ({
      callId: callIdOf(message),
      fromTag: /\r\nFrom: [^\r]*;tag=([^;\r]+)/.exec(message)?.[1] ?? null,
      toTag: null,
      phase,
      cseq: Number(/\r\nCSeq: (\d+)/.exec(message)?.[1]),
      line: alpha.line,
      customer: alpha.customer,
    });

    it('withholds the caller id of a restricted line and of no other', async () => {
      await say(`restricted:line:${alpha.line}`, restricted);
      hep.clear();
      await succeeds(alpha, abroad, { scenario: 'customer-identities' });
      await succeeds(beta, abroad, { scenario: 'customer-identities' });
      await hep.drained();
      const [first = '', second = '', ...more] = sentOn();
      assert.equal(more.length, 0);
      assert.match(first, /\r\nFrom: "?Anonymous"? ?<sip:anonymous@anonymous\.invalid>;tag=/);
      assert.match(first, /\r\nPrivacy: id\r\n/);
      assert.doesNotMatch(
        first,
        /\r\n(P-Asserted-Identity|P-Preferred-Identity|Remote-Party-ID|Privacy: none)/,
      );
      assert.match(second, new RegExp(`\r\nFrom: <sip:${beta.line}@`));
      assert.doesNotMatch(second, /\r\nPrivacy: id/);
      assert.match(second, /\r\nP-Asserted-Identity:/);
      // The caller gets its own From back, as RFC 3261 §8.2.6.2 wants it.
      const answers = messages().filter((one) => /^SIP\/2.0 200.*\r\nCSeq: 2 INVITE/s.test(one));
      const toCaller = answers.filter((one) => (one.match(/;branch=/g) ?? []).length === 1);
      assert.equal(toCaller.length, 2);
      assert.match(toCaller[0] ?? '', new RegExp(`\r\nFrom: <sip:${alpha.line}@`));
    });

    it('withholds nothing of an emergency call', async () => {
      await say('restricted:customer:acme', restricted);
      hep.clear();
      await succeeds(alpha, emergency);
      await hep.drained();
      assert.match(sentOn()[0] ?? '', new RegExp(`\r\nFrom: <sip:${alpha.line}@`));
      hep.clear();
      await succeeds(alpha, abroad);
      await hep.drained();
      assert.match(sentOn()[0] ?? '', /\r\nPrivacy: id\r\n/);
    });

    it('refuses the third call of a line limited to two; the others go on, and it may call again after', async () => {
      await say(`limited:line:${alpha.line}`, limited(2));
      hep.clear();
      const two = await call(alpha, abroad, { scenario: 'customer-ended', calls: 2, perSecond: 50 });
      await waitFor('two calls', async () => (await openCalls()) === 2, two.child);
      const open = sentOn();
      assert.equal(open.length, 2);
      await isRefused(alpha, abroad);
      await succeeds(alpha, emergency);
      await succeeds(beta, abroad);
      for (const invite of open) assert.equal(await ender.end(toEnd(invite, 'answered')), 'ended');
      const held = await two.finished;
      assert.equal(held.successful, 2, held.errors);
      await succeedsInTheEnd(alpha, abroad);
    });

    it('lets exactly N of many calls at once through', async () => {
      await say('limited:customer:acme', limited(3));
      hep.clear();
      const eight = await call(alpha, abroad, {
        scenario: 'customer-either',
        calls: 40,
        perSecond: 2_000,
        holdMs: 2_000,
      });
      await eight.finished;
      await hep.drained();
      // A busy machine makes proxy and SIPp repeat themselves: calls are counted, not packets.
      const callsOf = (messages: readonly string[]) =>
        new Set(messages.map((one) => /^Call-ID: *(\S+)/im.exec(one)?.[1])).size;
      assert.equal(callsOf(sentOn()), 3);
      const refused = hep.messages().filter((one) => one.startsWith('SIP/2.0 403'));
      assert.equal(callsOf(refused), 37);
      for (const one of refused)
        assert.match(one, /\r\nReason: SIP;cause=403;text="vigie cmi\.trunk-channels"\r\n/);
    });

    it('counts calls that are not answered yet, and not those that failed', async () => {
      await say(`limited:line:${alpha.line}`, limited(1));
      hep.clear();
      await succeeds(alpha, 'sip:336123450486@vigie.example', { scenario: 'customer-rejected' });
      const failed = sentOn();
      const rings = await call(alpha, ringing, { scenario: 'customer-cancelled' });
      await waitFor(
        'ringing',
        () => hep.messages().some((one) => one.startsWith('SIP/2.0 180')),
        rings.child,
      );
      await isRefused(alpha, abroad);
      const [invite = ''] = sentOn().filter((one) => !failed.includes(one));
      assert.equal(await ender.end(toEnd(invite, 'ringing')), 'ended');
      const result = await rings.finished;
      assert.equal(result.successful, 1, result.errors);
      await succeedsInTheEnd(alpha, abroad);
    });

    it('counts incoming calls where the limit is for both directions, and refuses none of them', async () => {
      const address = '127.0.1.31';
      const port = await freePort(address);
      await succeeds(alpha, '', { scenario: 'customer-register', address, port });
      const phone = await startSipp({ scenario: 'answer', address, port, timeoutSeconds: 20 });
      const incoming = (holdMs: number) =>
        startSipp({
          scenario: 'carrier-call',
          address: '127.0.0.20',
          target: proxy,
          rows: ['33699999999;'],
          requestUri: `sip:${alpha.line}@vigie.example`,
          timeoutSeconds: 10,
          holdMs,
        });
      hep.clear();
      const first = await incoming(2_500);
      await waitFor('the call', async () => (await openCalls()) === 1, first.child);
      await say(`limited:line:${alpha.line}`, limited(1, 'outgoing'));
      await succeeds(alpha, abroad, { holdMs: 1 });
      await say(`limited:line:${alpha.line}`, limited(1, 'both'));
      await isRefused(alpha, abroad);
      const second = await (await incoming(1)).finished;
      assert.equal(second.successful, 1, second.errors);
      assert.equal((await first.finished).successful, 1);
      await phone.child.stop('SIGKILL');
    });

    describe('a call in progress', () => {
      it('is ended on both sides when it is answered', async () => {
        hep.clear();
        const open = await call(alpha, abroad, { scenario: 'customer-ended' });
        const other = await call(beta, abroad, { scenario: 'customer-ended' });
        await waitFor('both calls', async () => (await openCalls()) === 2, open.child);
        const invite = sentOn().find((one) => one.includes(`<sip:${alpha.line}@`)) ?? '';
        assert.equal(await ender.end(toEnd(invite, 'answered')), 'ended');
        const result = await open.finished;
        assert.equal(result.successful, 1, result.errors);
        const byes = () =>
          messages().filter((one) => one.startsWith('BYE') && callIdOf(one) === callIdOf(invite));
        await waitFor('a BYE to each side', () => byes().length >= 2);
        await waitFor('it to be gone', async () => (await ender.end(toEnd(invite, 'answered'))) === 'absent');
        assert.equal(byes().length, 2);
        assert.equal(other.child.hasExited(), false, 'the other call goes on');
        const others = sentOn().find((one) => one.includes(`<sip:${beta.line}@`)) ?? '';
        assert.equal(await ender.end(toEnd(others, 'answered')), 'ended');
        assert.equal((await other.finished).successful, 1);
      });

      it('is cancelled when it rings, though it was thought answered', async () => {
        hep.clear();
        const rings = await call(alpha, ringing, { scenario: 'customer-cancelled' });
        await waitFor(
          'ringing',
          () => hep.messages().some((one) => one.startsWith('SIP/2.0 180')),
          rings.child,
        );
        assert.equal(await ender.end(toEnd(sentOn()[0] ?? '', 'answered')), 'ended');
        const result = await rings.finished;
        assert.equal(result.successful, 1, result.errors);
      });

      it('is not found where it is an emergency call', async () => {
        hep.clear();
        const open = await call(alpha, emergency, { holdMs: 1_500 });
        await waitFor('the call', async () => (await openCalls()) === 1, open.child);
        assert.equal(await ender.end(toEnd(sentOn()[0] ?? '', 'answered')), 'absent');
        const result = await open.finished;
        assert.equal(result.successful, 1, result.errors);
      });
    });
  });

describe('the JSON-RPC route', () => {
  let proxy: TestKamailio;
  let hep: HepSink;
  let datagrams: number;
  before(async () => {
    hep = await startHepSink();
    datagrams = await freePort();
    proxy = await startKamailio({
      subscribers: [alpha],
      redisPort: redis.port,
      hep: `127.0.0.1:${hep.port}`,
      carrierPort: 5060,
      htable: true,
      defines: { VIGIE_RPC_TOKEN: '"word"' },
      edit: (example) =>
        example.replace(
          'modparam("jsonrpcs", "transport", 5)',
          `$&\nmodparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:${datagrams}")`,
        ),
    });
  });
  after(async () => {
    await proxy?.stop();
    hep?.close();
  });

  const uptime = '{"jsonrpc":"2.0","method":"core.uptime","params":[],"id":1}';
  const post = (body: string, headers: Record<string, string> = {}, url = proxy.rpc) =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-vigie-token': 'word', ...headers },
    });

  it('carries out what Vigie asks', async () => {
    const answer = await post(uptime);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /up_since/);
  });

  it('keeps names and values as they are', async () => {
    const rpc = new HttpRpc(proxy.rpc, { token: 'word', timeoutMs: 2_000 });
    const table = new TableClient(rpc, 'vigie', Date.now);
    const odd = new Map([
      ['blocked:line:a "b" é%s', '{"rule":"x","method":"core.kill"}'],
      ['blocked:source:2001:db8::1', '{}'],
    ]);
    for (const [entry, value] of odd) await table.put(entry, { value, untilMs: null });
    assert.deepEqual((await table.entries([])).known, odd);
    for (const entry of odd.keys()) await table.put(entry, null);
    assert.equal((await table.entries([])).known.size, 0);
    await rpc.close();
  });

  it('has a datagram socket beside it, where a table too large for an answer is counted', async () => {
    const rpc = new UdpRpc(`udp://127.0.0.1:${datagrams}`, { timeoutMs: 2_000 });
    const table = new TableClient(rpc, 'vigie', Date.now);
    const keys = Array.from({ length: 300 }, (_, index) => `blocked:line:${index}`);
    for (const key of keys) await table.put(key, { value: block, untilMs: null });
    const found = await table.entries([...keys.slice(0, 299), 'blocked:line:none']);
    assert.equal(found.known.size, 299);
    assert.equal(found.known.get('blocked:line:7'), block);
    assert.equal(found.unknown, 1);
    await table.flush();
    assert.equal((await table.entries([])).known.size, 0);
    assert.match(await table.upSince(), /20\d\d$/);
    await rpc.close();
  });

  it('lets an entry end by itself, over a longer value too', async () => {
    const rpc = new HttpRpc(proxy.rpc, { token: 'word', timeoutMs: 2_000 });
    const table = new TableClient(rpc, 'vigie', Date.now);
    await table.put('blocked:line:1', { value: 'long enough to be cut down', untilMs: null });
    await table.put('blocked:line:1', { value: 'short', untilMs: Date.now() + 2_000 });
    await table.put('blocked:line:2', { value: 'short', untilMs: null });
    await table.put('blocked:line:2', { value: 'the longer value of the two', untilMs: Date.now() + 2_000 });
    assert.equal((await table.entries([])).known.size, 2);
    await waitFor('their end', async () => (await table.entries([])).known.size === 0);
    await rpc.close();
  });

  for (const [what, status, body, headers] of [
    ['another method', 403, uptime.replace('core.uptime', 'core.kill')],
    ['a second method', 403, uptime.replace('"id":1', '"id":1,"method":"core.kill"')],
    ['a method behind an escape', 403, uptime.replace('"id":1', '"id":1,"\\u006dethod":"core.kill"')],
    ['a request that is written otherwise', 403, uptime.replace('{', '{ ')],
    ['a page in a browser', 403, uptime, { 'content-type': 'text/plain' }],
    ['no token', 401, uptime, { 'x-vigie-token': '' }],
    ['another token', 401, uptime, { 'x-vigie-token': 'words' }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const answer = await post(body, headers);
      assert.equal(answer.status, status, await answer.text());
    });

  it('is at one path only', async () => {
    const answer = await post(uptime, {}, proxy.rpc.replace('/vigie', '/RPC'));
    assert.equal(answer.status, 404);
  });
});

function callIdOf(message: string): string {
  return /\r\nCall-ID: ([^\r]*)/.exec(message)?.[1] ?? '';
}
