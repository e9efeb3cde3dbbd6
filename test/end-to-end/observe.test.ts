/** observe mode: the floods that would have been acted on are told of, and nothing is done. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { waitFor } from '../harness/child.ts';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, busy, type Operator, startOperator } from '../harness/operator.ts';
import { freePort } from '../harness/ports.ts';

const alpha: Subscriber = { line: '33100000001', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'bolt' };

let operator: Operator;
/** Blocked keys that were ever seen. */
const seen = new Set<string>();

before(async () => {
  operator = await startOperator({ subscribers: [alpha, beta], mode: 'observe' });
});
after(() => operator?.remove());

/** Waits for the finding, and looks for keys all the while. */
async function wouldHave(kind: string, id: string, rule: string, what: string): Promise<void> {
  await waitFor(
    `${what} of ${kind} ${id}`,
    async () => {
      for (const key of await operator.blockedKeys()) seen.add(key);
      return (await operator.alerts(kind, id, rule)).some((alert) => alert.kind === what);
    },
    undefined,
    30_000,
  );
}

it('a flood of transactions and messages: the calls go on', async () => {
  const address = '127.0.1.12';
  const port = await freePort(address);
  const registered = await operator.run(alpha, '', { scenario: 'customer-register', address, port });
  assert.equal(registered.successful, 1, registered.errors);
  const options = { scenario: 'options', calls: 10_000, perSecond: 120, address, port };
  const flood = await operator.start(alpha, '', options);
  await wouldHave('customer', 'acme', 'cmi.transaction-rate', 'would-suspend');
  await wouldHave('source', address, 'cmi.message-rate', 'would-block-registration');
  await operator.connects(alpha, abroad);
  const again = await operator.run(alpha, '', { scenario: 'customer-register', address });
  assert.equal(again.successful, 1, again.errors);
  await flood.stop();
  await operator.connects(alpha, abroad);
});

it('calls that nobody answers: the calls go on', async () => {
  const result = await operator.run(beta, busy, { scenario: 'customer-rejected', calls: 30, perSecond: 15 });
  assert.equal(result.successful, 30, result.errors);
  await wouldHave('customer', 'bolt', 'cmi.answer-seizure-ratio', 'would-suspend');
  await operator.connects(beta, abroad);
});

it('nothing was suspended, and no key was ever written', async () => {
  for (const [kind, id] of [
    ['customer', 'acme'],
    ['customer', 'bolt'],
    ['source', '127.0.1.12'],
  ])
    assert.deepEqual(await operator.suspensions(kind, id, false), []);
  for (const key of await operator.blockedKeys()) seen.add(key);
  assert.deepEqual([...seen], []);
});
