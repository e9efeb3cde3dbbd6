/**
 * A proxy that knows no customers: it asks by the user name that it accepted, and the suspension of a customer stops all of its lines
 * all the same, for Vigie writes their keys too.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, type Operator, type Suspension, startOperator } from '../harness/operator.ts';

/** The directory knows this line as desk-1, and alice as the name it authenticates with. */
const alice: Subscriber = { line: 'alice', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'acme' };
const gamma: Subscriber = { line: '33100000003', password: 'three', customer: 'bolt' };

let operator: Operator;

before(async () => {
  operator = await startOperator({
    subscribers: [beta, gamma],
    accounts: [alice],
    lines: [{ id: 'desk-1', customer: 'acme', usernames: ['alice'] }],
    proxyKnowsCustomers: false,
  });
});
after(() => operator?.remove());

async function suspend(kind: string, id: string): Promise<Suspension> {
  const body = { subject: { kind, id }, reason: 'unpaid', by: 'alice' };
  const { status, body: answer } = await operator.request('POST', '/v1/suspensions', body);
  assert.equal(status, 201, JSON.stringify(answer));
  return answer as Suspension;
}

async function lift({ id }: Suspension): Promise<void> {
  const body = { reason: 'paid', by: 'alice' };
  const { status, body: answer } = await operator.request('POST', `/v1/suspensions/${id}/lift`, body);
  assert.equal(status, 200, JSON.stringify(answer));
}

it('a suspended customer: all its lines are refused, under each of their names', async () => {
  const customer = await suspend('customer', 'acme');
  assert.deepEqual(await operator.blockedKeys(), [
    'vigie:blocked:customer:acme',
    'vigie:blocked:line:33100000002',
    'vigie:blocked:line:alice',
    'vigie:blocked:line:desk-1',
  ]);
  await operator.isRefused(alice, 'manual');
  await operator.isRefused(beta, 'manual');
  await operator.connects(gamma, abroad);
  await operator.connects(alice, 'sip:112@vigie.example');

  // One of its lines is suspended as well: it stays so when the customer's suspension is lifted.
  const line = await suspend('line', 'desk-1');
  await lift(customer);
  await operator.connects(beta, abroad);
  await operator.isRefused(alice, 'manual');
  assert.deepEqual(await operator.blockedKeys(), ['vigie:blocked:line:alice', 'vigie:blocked:line:desk-1']);

  await lift(line);
  await operator.connects(alice, abroad);
  assert.deepEqual(await operator.blockedKeys(), []);
});
