/** Acts beyond suspension, end to end: the third call refused while two go on, and a call in progress ended. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../harness/child.ts';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, type Operator, startOperator } from '../harness/operator.ts';

const simultaneous = 'cmi.simultaneous-calls';
const duration = 'cmi.call-duration';
const emergency = 'sip:112@vigie.example';

const subscriber = (number: number, customer: string): Subscriber => ({
  line: `3310000003${number}`,
  password: `pw${number}`,
  customer,
});
const crowded = subscriber(1, 'crowded');
const other = subscriber(2, 'other');
const lasting = subscriber(3, 'lasting');

let operator: Operator;

before(async () => {
  operator = await startOperator({
    subscribers: [crowded, other, lasting],
    policy: (rule) => {
      if (rule.id === simultaneous) rule.ladder = [{ action: 'alert' }, { action: 'refuse-excess' }];
      // Two hours are four seconds here.
      if (rule.id !== duration) return;
      rule.parameters.limit = '4s';
      rule.ladder = [{ action: 'end-calls' }];
    },
  });
});
after(() => operator?.remove());

describe('refuse-excess', () => {
  it('three calls at once break the rule; from then on the third is refused, and no call that may be', async () => {
    const key = `vigie:limited:line:${crowded.line}`;
    const options = { perSecond: 100, holdMs: 1500 };
    const first = await operator.run(crowded, abroad, { ...options, calls: 3 });
    assert.equal(first.successful, 3, first.errors);
    await operator.drained();
    const suspension = await operator.suspended('line', crowded.line, simultaneous);
    const { effect, scope, reinstatement } = suspension as unknown as Record<string, unknown>;
    assert.deepEqual([effect, scope], ['refuse-excess', 'excess']);
    // As the shipped policy has it for all that it suspends.
    assert.deepEqual(reinstatement, { fee: null, guarantee: true });
    const { id, rule, calls, direction, until } = JSON.parse((await operator.keys.get(key)) ?? '{}');
    assert.deepEqual([id, rule, calls, direction, until], [suspension.id, simultaneous, 2, 'both', null]);
    assert.deepEqual(await operator.blockedKeys(), []);

    const two = await operator.start(crowded, abroad, { ...options, calls: 2, holdMs: 3500 });
    await waitFor('two open calls', async () => {
      return (await operator.reading('line', crowded.line, simultaneous)).value === 2;
    });
    await operator.isRefused(crowded, simultaneous);
    await operator.connects(crowded, emergency, { holdMs: 100 });
    await operator.connects(other, abroad, { holdMs: 100 });
    const held = await two.finished;
    assert.equal(held.successful, 2, held.errors);

    const lift = { reason: 'two more channels', by: 'Ana' };
    const lifted = await operator.request('POST', `/v1/suspensions/${suspension.id}/lift`, lift);
    assert.equal(lifted.status, 200);
    assert.deepEqual((lifted.body as typeof suspension & { reinstatement: object }).reinstatement, {
      fee: null,
      guarantee: true,
    });
    assert.equal(await operator.keys.exists(key), 0);
    const third = await operator.run(crowded, abroad, { ...options, calls: 3, holdMs: 500 });
    assert.equal(third.successful, 3, third.errors);
  });
});

describe('end-calls', () => {
  it('ends the call beyond the longest duration, and no emergency call', async () => {
    const urgent = await operator.start(other, emergency, { holdMs: 6000 });
    const ended = await operator.start(lasting, abroad, { scenario: 'customer-ended' });
    const result = await ended.finished;
    assert.equal(result.successful, 1, result.errors);
    const { successful, errors } = await urgent.finished;
    assert.equal(successful, 1, errors);
    await operator.drained();
    const alerts = await operator.alerts('customer', 'lasting', duration);
    assert.deepEqual(
      alerts.map(({ kind, note }) => `${kind}: ${note}`),
      ['calls-ended: 1 call to end'],
    );
    assert.deepEqual(
      (await operator.alerts('customer', 'other', duration)).filter(({ note }) => note === '1 call to end'),
      [],
    );
    const audit = await operator.keys.xrange('vigie:audit:{suspensions}', '-', '+');
    const calls = audit
      .map(([, fields]) =>
        Object.fromEntries(fields.flatMap((name, i) => (i % 2 ? [] : [[name, fields[i + 1]]]))),
      )
      .filter(({ rule }) => rule === duration);
    assert.deepEqual(
      calls.map(({ subject, from, to, callId }) => [subject, from, to, callId]),
      [['customer:lasting', 'answered', 'ended', alerts[0].finding.evidence.callIds]].map((entry) =>
        entry.flat(),
      ),
    );
    assert.match(await operator.vigie.metrics(), /^vigie_calls_ended_total\{outcome="ended"\} 1$/m);
  });
});
