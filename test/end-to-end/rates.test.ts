/**
 * The two rate limits of CMI, broken and kept, and what the proxy then does: 30 transactions a second of a customer, 60 messages a
 * second from one address. The shipped policy; SIPp says what was sent.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../harness/child.ts';
import type { Subscriber } from '../harness/kamailio.ts';
import { type Alert, abroad, type Operator, type Suspension, startOperator } from '../harness/operator.ts';
import { freePort } from '../harness/ports.ts';

const alpha: Subscriber = { line: '33100000001', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'acme' };
const gamma: Subscriber = { line: '33100000003', password: 'three', customer: 'bolt' };
const transactionRate = 'cmi.transaction-rate';
const messageRate = 'cmi.message-rate';

let operator: Operator;

before(async () => {
  operator = await startOperator({
    subscribers: [alpha, beta, gamma],
    // The calls of these tests are short, and some fail on purpose.
    modes: { 'cmi.average-call-duration': 'observe', 'cmi.answer-seizure-ratio': 'observe' },
  });
});
after(() => operator?.remove());

/** An address and port with a live registration of the line: what comes from there is charged to it. */
async function registered(who: Subscriber, address: string): Promise<{ address: string; port: number }> {
  const port = await freePort(address);
  const result = await operator.run(who, '', { scenario: 'customer-register', address, port });
  assert.equal(result.successful, 1, result.errors);
  // The registration's own transactions leave the window.
  await sleep(1100);
  return { address, port };
}

/** `count` OPTIONS at once; SIPp repeats none. Returns how long that took at most. */
async function burst(count: number, from: { address: string; port?: number }): Promise<number> {
  const begun = performance.now();
  const result = await operator.run(gamma, '', {
    scenario: 'options',
    calls: count,
    perSecond: 1000,
    extra: ['-nr'],
    ...from,
  });
  const tookMs = performance.now() - begun;
  assert.equal(result.messages[0].count, count, result.errors);
  assert.equal(result.messages[0].retransmitted, 0);
  await operator.drained();
  return tookMs;
}

/**
 * Sends one more than the limit until it is told of, or all of it lay within a second for sure; on a busy machine that can take
 * another try. Returns what was told.
 */
async function burstWithinASecond(
  count: number,
  from: { address: string; port?: number },
  told: () => Promise<Alert[]>,
): Promise<Alert[]> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const tookMs = await burst(count, from);
    const alerts = await told();
    if (alerts.length > 0 || tookMs < 1000) return alerts;
    await sleep(1100);
  }
  assert.fail('the machine is too busy to send a burst within a second');
}

describe('transaction rate', () => {
  it('30 transactions in a second: nothing is said; 31: one alert, and no more than that', async () => {
    const from = await registered(gamma, '127.0.1.11');
    await burst(30, from);
    assert.deepEqual(await operator.alerts('customer', 'bolt', transactionRate), []);
    await sleep(1100);
    const told = () => operator.alerts('customer', 'bolt', transactionRate);
    const alerts = await burstWithinASecond(31, from, told);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action, finding.value, finding.limit], ['alert', 'alert', 31, 30]);
    assert.equal(finding.clause, 'general terms 12.1');
    assert.deepEqual(await operator.suspensions('customer', 'bolt', false), []);
    await operator.connects(gamma, abroad);
  });

  describe('for more than three seconds', () => {
    let suspension: Suspension;

    it('suspends the customer; its calls are refused within a second of the verdict', async (t) => {
      const from = await registered(alpha, '127.0.1.12');
      // Beta, the customer's other line, calls all the time from elsewhere.
      const probe = await operator.start(beta, abroad, {
        scenario: 'customer-either',
        address: '127.0.1.13',
        calls: 5000,
        perSecond: 8,
      });
      const flood = await operator.start(alpha, '', {
        scenario: 'options',
        calls: 5000,
        perSecond: 45,
        ...from,
      });
      suspension = await operator.suspended('customer', 'acme', transactionRate);
      await flood.stop();
      await sleep(2500);
      const probed = await probe.stop();

      const alerts = await operator.alerts('customer', 'acme', transactionRate);
      assert.equal(alerts[0].kind, 'alert');
      const acted = alerts.filter(({ kind }) => kind === 'suspended');
      assert.equal(acted.length, 1);
      const { finding, suspensionId } = acted[0];
      assert.equal(suspensionId, suspension.id);
      assert.deepEqual([finding.action, finding.limit, finding.held], ['suspend', 30, null]);
      assert.ok(finding.value > 30);
      const verdictMs = Date.parse(finding.at);
      assert.ok(verdictMs - Date.parse(finding.since) >= 3000, 'not before three seconds');
      assert.equal(suspension.clause, 'general terms 12.1');

      const log = [
        ...probed.errors.matchAll(/^(attempt|refused|connected) (\S+) \S+\s+\S+\s+(\d+\.\d+)$/gm),
      ].map(([, what, callId, seconds]) => ({ what, callId, atMs: Number(seconds) * 1000 }));
      const of = (what: string) => log.filter((entry) => entry.what === what);
      assert.ok(of('connected').length > 0, 'calls connect before the verdict');
      const early = of('refused').filter(({ atMs }) => atMs < verdictMs - 5);
      assert.deepEqual(early, [], 'nobody is refused before the verdict');
      const late = new Set(
        of('attempt')
          .filter(({ atMs }) => atMs >= verdictMs + 1000)
          .map(({ callId }) => callId),
      );
      assert.ok(late.size > 0);
      const connectedLate = of('connected').filter(({ callId }) => late.has(callId));
      assert.deepEqual(connectedLate, [], 'a second after the verdict every call is refused');
      const refusedLate = of('refused').filter(({ callId }) => late.has(callId));
      assert.equal(refusedLate.length, late.size);
      const firstMs = Math.min(...of('refused').map(({ atMs }) => atMs));
      t.diagnostic(
        `first 403 ${Math.round(firstMs - verdictMs)} ms after the verdict (a call every 125 ms); ` +
          `active ${Date.parse(suspension.activeAt) - verdictMs} ms after it`,
      );
    });

    it('both lines of the customer are refused with the rule, and nobody else is', async () => {
      assert.deepEqual(
        await operator.blockedKeys().then((keys) => keys.filter((key) => /customer/.test(key))),
        ['vigie:blocked:customer:acme'],
      );
      await operator.isRefused(alpha, transactionRate);
      await operator.isRefused(beta, transactionRate);
      await operator.connects(gamma, abroad);
    });

    it('both reach 112', async () => {
      await operator.connects(alpha, 'sip:112@vigie.example');
      await operator.connects(beta, 'sip:112@vigie.example');
    });

    it('both register, and calls to them connect', async () => {
      for (const [line, address] of [
        [alpha, '127.0.1.14'],
        [beta, '127.0.1.15'],
      ] as const) {
        const phone = await operator.phone(line, address);
        const incoming = await operator.incoming(line.line);
        const answered = await phone.stop();
        assert.equal(incoming.successful, 1, incoming.errors);
        assert.equal(answered.successful, 1, answered.errors);
      }
    });

    it('lifted on the command line, both call at once', async () => {
      const args = ['--reason', 'the dialler is off', '--by', 'alice', '--json'];
      const lifted = await operator.cli('suspensions', 'lift', suspension.id, ...args);
      assert.equal(lifted.status, 0, lifted.output);
      assert.deepEqual(await operator.blockedKeys(), []);
      await operator.connects(alpha, abroad);
      await operator.connects(beta, abroad);
      const [closed] = await operator.suspensions('customer', 'acme', false);
      assert.deepEqual(
        [closed.id, closed.state, closed.liftedBy, closed.liftReason],
        [suspension.id, 'lifted', 'alice', 'the dialler is off'],
      );
      assert.deepEqual(await operator.suspensions('customer', 'acme'), []);
    });
  });
});

describe('message rate', () => {
  it('60 messages in a second: nothing is said; 61: one alert, and no more than that', async () => {
    const source = '127.0.1.21';
    await burst(60, { address: source });
    assert.deepEqual(await operator.alerts('source', source, messageRate), []);
    await sleep(1100);
    const told = () => operator.alerts('source', source, messageRate);
    const alerts = await burstWithinASecond(61, { address: source }, told);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action, finding.value, finding.limit], ['alert', 'alert', 61, 60]);
    assert.equal(finding.clause, 'fixed telephony 7');
    assert.deepEqual(await operator.suspensions('source', source, false), []);
  });

  it('for more than three seconds: REGISTER from there is refused, from elsewhere not; calls go on', async () => {
    const source = '127.0.1.22';
    const flood = await operator.start(gamma, '', {
      scenario: 'options',
      calls: 10_000,
      perSecond: 120,
      address: source,
    });
    const suspension = await operator.suspended('source', source, messageRate);
    await flood.stop();
    const blocked = (await operator.alerts('source', source, messageRate)).filter(
      ({ kind }) => kind === 'registration-blocked',
    );
    assert.equal(blocked.length, 1);
    const { finding, suspensionId } = blocked[0];
    assert.equal(suspensionId, suspension.id);
    assert.ok(Date.parse(finding.at) - Date.parse(finding.since) >= 3000);
    assert.deepEqual(await operator.blockedKeys(), [`vigie:blocked:source:${source}`]);

    const refused = await operator.run(gamma, '', { scenario: 'customer-register-refused', address: source });
    assert.equal(refused.successful, 1, refused.errors);
    const allowed = await operator.run(gamma, '', { scenario: 'customer-register', address: '127.0.1.23' });
    assert.equal(allowed.successful, 1, allowed.errors);
    await operator.connects(gamma, abroad, { address: source });

    await waitFor(
      'no more than that',
      async () => (await operator.suspensions('source', source)).length === 1,
    );
    const lifted = await operator.cli('suspensions', 'lift', suspension.id, '--reason', 'test over');
    assert.equal(lifted.status, 0, lifted.output);
    const again = await operator.run(gamma, '', { scenario: 'customer-register', address: source });
    assert.equal(again.successful, 1, again.errors);
  });
});
