/**
 * Suspensions pushed into Kamailio's own table, nothing looked up: from the verdict to the 403, and what restarts and crashes on either
 * side do. Real Kamailio, Redis, daemon, SIPp as customers and carrier.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HttpRpc } from '../../daemon/enforcement/kamailio/http-rpc.ts';
import { TableClient } from '../../daemon/enforcement/kamailio/table-client.ts';
import { waitFor } from '../harness/child.ts';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, type Operator, startOperator } from '../harness/operator.ts';
import { freePort } from '../harness/ports.ts';
import type { SippRun } from '../harness/sipp.ts';

const alpha: Subscriber = { line: '33100000001', password: 'one', customer: 'acme' };
const beta: Subscriber = { line: '33100000002', password: 'two', customer: 'bolt' };
const gamma: Subscriber = { line: '33100000003', password: 'three', customer: 'coil' };
const emergency = 'sip:112@vigie.example';

const transactionRate = 'cmi.transaction-rate';

let operator: Operator;
const running: SippRun[] = [];
let rpc: HttpRpc;
let table: TableClient;

before(async () => {
  operator = await startOperator({
    subscribers: [alpha, beta, gamma],
    push: true,
    mode: 'observe',
    modes: { [transactionRate]: 'enforce' },
  });
  rpc = new HttpRpc(operator.proxy.rpc, { token: null, timeoutMs: 2_000 });
  table = new TableClient(rpc, 'vigie', Date.now);
});
after(async () => {
  for (const { child } of running) await child.stop('SIGKILL');
  await rpc?.close();
  await operator?.remove();
});

const entries = async () => [...(await table.entries([])).known.keys()].sort();

async function suspend(who: Subscriber): Promise<string> {
  const { status, body } = await operator.request('POST', '/v1/suspensions', {
    subject: { kind: 'line', id: who.line },
    reason: 'test',
    by: 'test',
    mode: 'enforce',
  });
  assert.equal(status, 201, JSON.stringify(body));
  return (body as { id: string }).id;
}

async function lift(id: string): Promise<void> {
  const lifted = await operator.request('POST', `/v1/suspensions/${id}/lift`, { reason: 'test', by: 'test' });
  assert.equal(lifted.status, 200, JSON.stringify(lifted.body));
}

describe('pushed suspensions', () => {
  it('a flood ends in 403, emergency and incoming calls pass, and Redis holds no key', async (t) => {
    const address = '127.0.1.12';
    const phone = await operator.phone(alpha, address);
    running.push(phone);
    const port = await freePort(address);
    const registered = await operator.run(alpha, '', { scenario: 'customer-register', address, port });
    assert.equal(registered.successful, 1, registered.errors);
    const flood = await operator.start(alpha, '', {
      scenario: 'options',
      calls: 10_000,
      perSecond: 120,
      address,
      port,
    });
    running.push(flood);
    const suspension = await operator.suspended('customer', alpha.customer, transactionRate);
    await flood.child.stop('SIGKILL');
    assert.ok((await entries()).includes('blocked:customer:acme'));
    await operator.isRefused(alpha, transactionRate);
    await operator.connects(alpha, emergency);
    assert.equal((await operator.incoming(alpha.line)).successful, 1);
    await operator.connects(beta, abroad);
    assert.deepEqual(await operator.blockedKeys(), []);
    const seconds = await operator.metric('vigie_enforcement_apply_seconds_sum');
    const count = await operator.metric('vigie_enforcement_apply_seconds_count');
    t.diagnostic(`${count} act, told to Kamailio in ${(seconds * 1000).toFixed(1)} ms`);
    assert.equal(count, 1);
    await lift(suspension.id);
    assert.deepEqual(await entries(), []);
    await operator.connects(alpha, abroad);
  });

  it('from the decision to the first 403', async (t) => {
    const measured: string[] = [];
    for (let i = 0; i < 5; i++) {
      const begun = performance.now();
      const id = await suspend(beta);
      assert.deepEqual(await entries(), [`blocked:line:${beta.line}`]);
      measured.push((performance.now() - begun).toFixed(0));
      await operator.isRefused(beta, 'manual');
      await lift(id);
    }
    t.diagnostic(`from the request to the entry in the table: ${measured.join(', ')} ms (goal: 200)`);
    await operator.connects(beta, abroad);
  });
});

describe('Kamailio killed and started again', () => {
  it('has its table whole again, changes of the meantime included', async (t) => {
    const first = await suspend(alpha);
    await suspend(beta);
    const before = await entries();
    assert.deepEqual(before, [`blocked:line:${alpha.line}`, `blocked:line:${beta.line}`]);
    await operator.proxy.kill();
    // Lifting and suspending work though the proxy is away.
    await lift(first);
    const third = await suspend(gamma);
    await operator.proxy.start();
    const begun = performance.now();
    const wanted = [`blocked:line:${beta.line}`, `blocked:line:${gamma.line}`];
    await waitFor('the table', async () => (await entries()).join() === wanted.join());
    t.diagnostic(
      `whole again ${Math.round(performance.now() - begun)} ms after Kamailio answered (goal: 5000)`,
    );
    await operator.isRefused(beta, 'manual');
    await operator.isRefused(gamma, 'manual');
    await operator.connects(alpha, abroad);
    await lift(third);
  });
});

describe('Vigie killed', () => {
  it('changes nothing for calls; started again it sets right what was changed behind its back', async () => {
    await operator.vigie.crash();
    await operator.isRefused(beta, 'manual');
    await operator.connects(alpha, abroad);
    await operator.connects(beta, emergency);
    await table.put(`blocked:line:${beta.line}`, null);
    await table.put('blocked:line:stranger', { value: '{}', untilMs: null });
    await operator.vigie.start();
    await waitFor('the table', async () => (await entries()).join() === `blocked:line:${beta.line}`);
    await operator.isRefused(beta, 'manual');
  });
});
