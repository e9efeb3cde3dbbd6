/**
 * The two ratios of CMI with the shipped numbers, broken and kept: under half of the calls answered, and a mean duration under
 * 40 seconds. After a lift the same day's calls suspend nobody again. SIPp says how many calls there were.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, busy, type Operator, type Suspension, startOperator } from '../harness/operator.ts';
import type { SippRun } from '../harness/sipp.ts';

const asr = 'cmi.answer-seizure-ratio';
const acd = 'cmi.average-call-duration';
const liftSecret = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;

/** Each test has a customer of its own. */
const customers = ['unanswered', 'half', 'short', 'long'] as const;
const subscribers = Object.fromEntries(
  customers.map((customer, index) => [
    customer,
    { line: `3310000001${index}`, password: `pw${index}`, customer } satisfies Subscriber,
  ]),
) as Record<(typeof customers)[number], Subscriber>;

let operator: Operator;
/** Its calls last long: they go on while everything else is done. */
let longCalls: SippRun;

before(async () => {
  operator = await startOperator({
    subscribers: Object.values(subscribers),
    config: { admin: { liftSecret } },
  });
  const options = { calls: 30, perSecond: 15, holdMs: 41_000, timeoutSeconds: 90, address: '127.0.1.2' };
  longCalls = await operator.start(subscribers.long, abroad, options);
});
after(() => operator?.remove());

/** So many calls, one after the other at 15 a second, all with the same end. */
async function calls(who: Subscriber, count: number, scenario: string, requestUri: string, holdMs = 100) {
  const options = { scenario, calls: count, perSecond: 15, holdMs, timeoutSeconds: 90 };
  const result = await operator.run(who, requestUri, options);
  assert.equal(result.successful, count, result.errors);
  await operator.drained();
}

const failing = (who: Subscriber, count: number) => calls(who, count, 'customer-rejected', busy);

async function kinds(customer: string, rule: string): Promise<string[]> {
  return (await operator.alerts('customer', customer, rule)).map(({ kind }) => kind);
}

describe('answer-seizure ratio', () => {
  it('half of 30 calls answered: nothing is said; 15 of 31: an alert, and no suspension', async () => {
    const who = subscribers.half;
    await calls(who, 15, 'customer-call', abroad);
    await failing(who, 15);
    const reading = await operator.reading('customer', 'half', asr);
    assert.deepEqual([reading.value, reading.sample, reading.breached], [0.5, 30, false]);
    assert.deepEqual(await kinds('half', asr), []);
    await failing(who, 1);
    const alerts = await operator.alerts('customer', 'half', asr);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action], ['alert', 'alert']);
    assert.deepEqual([finding.value, finding.sample, finding.limit], [15 / 31, 31, 0.5]);
    assert.deepEqual(await operator.suspensions('customer', 'half', false), []);
    await operator.connects(who, abroad);
  });

  describe('no call answered', () => {
    const who = subscribers.unanswered;
    let suspension: Suspension;

    it('9 calls: nothing; the 10th alerts, the 29th does no more; the 30th: suspended', async () => {
      await failing(who, 9);
      assert.deepEqual(await kinds('unanswered', asr), []);
      await failing(who, 1);
      assert.deepEqual(await kinds('unanswered', asr), ['alert']);
      await failing(who, 19);
      assert.deepEqual(await kinds('unanswered', asr), ['alert']);
      await failing(who, 1);
      suspension = await operator.suspended('customer', 'unanswered', asr);
      const alerts = await operator.alerts('customer', 'unanswered', asr);
      assert.deepEqual(alerts.map(({ kind }) => kind).sort(), ['alert', 'suspended']);
      for (const { kind, finding } of alerts) {
        const sample = kind === 'alert' ? 10 : 30;
        assert.deepEqual([finding.value, finding.sample, finding.limit], [0, sample, 0.5]);
      }
      assert.equal(suspension.clause, 'general terms 12.1');
    });

    it('calls are refused, 112 is reached, and the refusals are no outcomes', async () => {
      for (let i = 0; i < 3; i++) await operator.isRefused(who, asr);
      await operator.connects(who, 'sip:112@vigie.example');
      await operator.drained();
      const reading = await operator.reading('customer', 'unanswered', asr);
      assert.deepEqual([reading.value, reading.sample], [1 / 31, 31]);
    });

    it('lifted over the API, calls connect at once', async () => {
      const lift = { reason: 'number list corrected', by: 'bob' };
      const { status, body } = await operator.request('POST', `/v1/suspensions/${suspension.id}/lift`, lift);
      assert.equal(status, 200, JSON.stringify(body));
      await operator.connects(who, abroad);
      const { state, liftedBy } = body as Suspension;
      assert.deepEqual([state, liftedBy], ['lifted', 'bob']);
      assert.deepEqual(await operator.blockedKeys(), []);
    });

    it('the calls before the lift count no more: 29 of after it suspend nobody, the 30th does', async () => {
      await failing(who, 28);
      const reading = await operator.reading('customer', 'unanswered', asr);
      assert.deepEqual([reading.value, reading.sample], [1 / 29, 29]);
      // 1 of the first 10 after the lift was answered: an alert.
      assert.deepEqual((await kinds('unanswered', asr)).sort(), ['alert', 'alert', 'suspended']);
      assert.deepEqual(await operator.suspensions('customer', 'unanswered'), []);
      await failing(who, 1);
      const again = await operator.suspended('customer', 'unanswered', asr);
      assert.notEqual(again.id, suspension.id);
    });
  });
});

describe('average call duration', () => {
  describe('calls of a second', () => {
    const who = subscribers.short;
    const short = (count: number) => calls(who, count, 'customer-call', abroad, 1000);
    let suspension: Suspension;

    it('9: nothing; the 10th alerts, the 29th does no more; the 30th: suspended', async () => {
      await short(9);
      assert.deepEqual(await kinds('short', acd), []);
      await short(1);
      assert.deepEqual(await kinds('short', acd), ['alert']);
      await short(19);
      assert.deepEqual(await kinds('short', acd), ['alert']);
      await short(1);
      suspension = await operator.suspended('customer', 'short', acd);
      const alerts = await operator.alerts('customer', 'short', acd);
      assert.deepEqual(alerts.map(({ kind }) => kind).sort(), ['alert', 'suspended']);
      for (const { kind, finding } of alerts) {
        assert.deepEqual([finding.sample, finding.limit], [kind === 'alert' ? 10 : 30, 40]);
        assert.ok(finding.value >= 0.95 && finding.value < 40, `${finding.value}`);
      }
      await operator.isRefused(who, acd);
    });

    it('a signed lift: refused with a wrong signature, then done; calls connect at once', async () => {
      const body = JSON.stringify({
        suspensionId: suspension.id,
        reason: 'a call centre, agreed',
        by: 'crm',
      });
      const post = (secret: string, id: string) => {
        const at = new Date();
        return operator.request('POST', '/v1/webhooks/lift', body, {
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, at, body),
          authorization: '',
        });
      };
      const forged = await post(`whsec_${Buffer.alloc(32).toString('base64')}`, 'msg_forged');
      assert.equal(forged.status, 401, JSON.stringify(forged.body));
      await operator.isRefused(who, acd);
      const lifted = await post(liftSecret, 'msg_1');
      assert.equal(lifted.status, 200, JSON.stringify(lifted.body));
      await operator.connects(who, abroad, { holdMs: 1000 });
      const [closed] = await operator.suspensions('customer', 'short', false);
      assert.deepEqual([closed.state, closed.liftedBy], ['lifted', 'crm']);
    });

    it('the calls before the lift count no more: 29 of after it suspend nobody, the 30th does', async () => {
      await short(28);
      const reading = await operator.reading('customer', 'short', acd);
      assert.equal(reading.sample, 29);
      assert.deepEqual(await operator.suspensions('customer', 'short'), []);
      await short(1);
      await operator.suspended('customer', 'short', acd);
    });
  });

  it('30 calls of 41 seconds: nothing is said', async () => {
    const { successful, errors } = await longCalls.finished;
    assert.equal(successful, 30, errors);
    await operator.drained();
    const reading = await operator.reading('customer', 'long', acd);
    assert.deepEqual([reading.sample, reading.breached], [30, false]);
    assert.ok(reading.value !== null && reading.value >= 40 && reading.value < 45, `${reading.value}`);
    assert.deepEqual(await kinds('long', acd), []);
    assert.deepEqual(await operator.suspensions('customer', 'long', false), []);
  });
});
