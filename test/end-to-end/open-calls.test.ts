/** Limits on calls that are up: how many at once on a line and on a trunk, and for how long. All of them only alert. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../harness/child.ts';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, type Operator, startOperator } from '../harness/operator.ts';

const simultaneous = 'cmi.simultaneous-calls';
const channels = 'cmi.trunk-channels';
const duration = 'cmi.call-duration';

const subscriber = (number: number, customer: string): Subscriber => ({
  line: `3310000002${number}`,
  password: `pw${number}`,
  customer,
});
const one = subscriber(1, 'one');
const two = subscriber(2, 'two');
const quick = subscriber(3, 'quick');
const lasting = subscriber(4, 'lasting');
/** Extensions behind the PBX, which the directory does not hold. */
const pbx = [subscriber(5, 'office'), subscriber(6, 'office')];

let operator: Operator;

before(async () => {
  operator = await startOperator({
    subscribers: [one, two, quick, lasting, ...pbx],
    unlisted: pbx.map(({ line }) => line),
    trunks: [{ id: 'office-t0', customer: 'office', sources: ['127.0.1.64/30'], channels: 4 }],
    // Two hours are three seconds here.
    policy: (rule) => {
      if (rule.id === duration) rule.parameters.limit = '3s';
    },
  });
});
after(() => operator?.remove());

/** Calls that are up together; ends when they have ended. */
async function together(who: Subscriber, count: number, address = '127.0.1.1'): Promise<void> {
  const options = { calls: count, perSecond: 100, holdMs: 2500, address };
  const result = await operator.run(who, abroad, options);
  assert.equal(result.successful, count, result.errors);
  await operator.drained();
}

describe('simultaneous calls of a line', () => {
  it('2: nothing is said; 3: one alert', async () => {
    await together(one, 2);
    assert.deepEqual(await operator.alerts('line', one.line, simultaneous), []);
    await together(one, 3);
    const alerts = await operator.alerts('line', one.line, simultaneous);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action, finding.value, finding.limit], ['alert', 'alert', 3, 2]);
    assert.equal((finding.evidence.callIds as string[]).length, 3);
    assert.deepEqual(await operator.suspensions('line', one.line, false), []);
    const reading = await operator.reading('line', one.line, simultaneous);
    assert.equal(reading.value, 0);
  });

  it('2 out and 1 in: one alert', async () => {
    const phone = await operator.phone(two, '127.0.1.31');
    const outgoing = await operator.start(two, abroad, { calls: 2, perSecond: 100, holdMs: 6000 });
    let seen: number | null = null;
    await waitFor(
      'two open calls',
      async () => {
        seen = (await operator.reading('line', two.line, simultaneous)).value;
        return seen === 2;
      },
      outgoing.child,
    ).catch(async (error) => {
      throw new Error(`${error.message}\nthere were ${seen}\n${(await outgoing.finished).errors}`);
    });
    assert.deepEqual(await operator.alerts('line', two.line, simultaneous), []);
    const incoming = await operator.incoming(two.line, { holdMs: 500 });
    assert.equal(incoming.successful, 1, incoming.errors);
    const { successful, errors } = await outgoing.finished;
    assert.equal(successful, 2, errors);
    await phone.stop();
    await operator.drained();
    const alerts = await operator.alerts('line', two.line, simultaneous);
    assert.deepEqual(
      alerts.map(({ kind, finding }) => [kind, finding.value]),
      [['alert', 3]],
    );
  });
});

describe('channels of a trunk', () => {
  it('as many calls as channels: nothing is said; one more: one alert', async () => {
    await Promise.all(pbx.map((who) => together(who, 2, '127.0.1.65')));
    assert.deepEqual(await operator.alerts('trunk', 'office-t0', channels), []);
    await Promise.all(pbx.map((who, index) => together(who, 2 + index, '127.0.1.66')));
    const alerts = await operator.alerts('trunk', 'office-t0', channels);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action, finding.value, finding.limit], ['alert', 'alert', 5, 4]);
    assert.equal(finding.customer, 'office');
    assert.equal(finding.clause, 'fixed telephony 1.3');
  });
});

describe('a call beyond the longest duration', () => {
  it('is not reported when it is shorter', async () => {
    await operator.connects(quick, abroad, { holdMs: 1500 });
    await operator.drained();
    assert.deepEqual(await operator.alerts('customer', 'quick', duration), []);
  });

  it('is reported once, while it still goes on', async () => {
    const call = await operator.start(lasting, abroad, { holdMs: 12_000 });
    await waitFor('the alert', async () => {
      return (await operator.alerts('customer', 'lasting', duration)).length > 0;
    });
    assert.equal(call.child.hasExited(), false);
    const { successful, errors } = await call.finished;
    assert.equal(successful, 1, errors);
    await operator.drained();
    const alerts = await operator.alerts('customer', 'lasting', duration);
    assert.equal(alerts.length, 1);
    const { kind, finding } = alerts[0];
    assert.deepEqual([kind, finding.action, finding.limit], ['alert', 'alert', 3]);
    assert.equal(finding.evidence.goingOn, true);
    assert.ok(finding.value >= 3 && finding.value < 12, `${finding.value}`);
  });
});
