/** Money: calls that go on cost by the minute, the customer is suspended at the minute that passes its threshold, and a payment lifts that. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { adminRequest, explain, readingOf } from '../harness/admin.ts';
import { waitFor } from '../harness/child.ts';
import { metric } from '../harness/metrics.ts';
import { abroad, type Operator, startOperator } from '../harness/operator.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { startVigie, type TestVigie } from '../harness/vigie.ts';
import {
  answered,
  connectHep,
  type Dialog,
  ended,
  type HepConnection,
  registration,
} from '../hep-dialogs.ts';

const rule = 'cmi.credit-limit';
/** One euro a started minute, nothing else. */
const minuteDeck = 'prefix,per_minute,increment\n*,1.00,started-minute\n';

interface Credit {
  readonly owed: number | null;
  readonly threshold: number | null;
  readonly suspension: string | null;
  readonly entries: readonly { by: string; reason: string; paid: number }[];
}

describe('one long call, by capture time', () => {
  const MINUTE_MS = 60_000;
  const LINE = '33100000001';
  const own = (callId: string): Dialog => ({
    line: LINE,
    phone: '198.51.100.10:5060',
    callId,
    called: '+33123456789',
  });
  const blocked = 'vigie:blocked:customer:debtor';
  const TRIAL_LINE = '33100000002';
  /** An hour ago: capture time may go faster than the clock. */
  const startMs = Date.now() - 60 * MINUTE_MS;
  const answerMs = startMs + 1_002;
  let scratch: string;
  let redis: TestRedis;
  let keys: Redis;
  let vigie: TestVigie;
  let hep: HepConnection;
  let ticks = 0;

  const writeDirectory = (trial: { trialFrom?: string }) =>
    writeFileSync(
      join(scratch, 'directory.yaml'),
      stringify({
        plans: [{ id: 'metered', deck: 'retail', creditThreshold: 3, creditPerLine: 2 }],
        customers: [
          { id: 'debtor', plan: 'metered' },
          { id: 'newcomer', policy: 'voxbi', ...trial },
        ],
        lines: [
          { id: LINE, customer: 'debtor' },
          { id: TRIAL_LINE, customer: 'newcomer' },
        ],
      }),
    );

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'vigie-credit-'));
    writeFileSync(join(scratch, 'deck.csv'), minuteDeck);
    writeDirectory({ trialFrom: new Date(startMs).toISOString().slice(0, 10) });
    redis = await startRedis();
    keys = new Redis(redis.url);
    vigie = await startVigie({
      redisUrl: redis.url,
      config: {
        network: { proxies: ['192.0.2.1'] },
        directory: { file: join(scratch, 'directory.yaml') },
        rating: { decks: { retail: join(scratch, 'deck.csv') } },
        policies: { mode: 'enforce' },
        calls: { maximumAge: '10min' },
      },
    });
    hep = await connectHep(vigie.hep);
    await hep.send(registration({ ...own('register'), called: LINE, user: LINE }, startMs, 7_200));
    await hep.send(answered(own('long'), startMs + 1_000));
  });
  after(async () => {
    hep?.close();
    keys?.disconnect();
    await vigie?.remove();
    await redis?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  const messages = async () => metric(await vigie.metrics(), 'vigie_sip_messages_total');
  /** Another phone's registration moves capture time on. Returns when the daemon has seen it. */
  const until = async (atMs: number) => {
    const before = await messages();
    const user = '33100000009';
    const dialog = { line: user, phone: '198.51.100.90:5060', callId: `tick-${ticks++}`, user };
    await hep.send(registration(dialog, atMs));
    await waitFor('the clock', async () => (await messages()) >= before + 2);
  };
  const credit = async (): Promise<Credit> => {
    const { status, body } = await adminRequest(vigie, 'GET', '/v1/customers/debtor/credit');
    assert.equal(status, 200, JSON.stringify(body));
    return body as Credit;
  };
  const owes = (amount: number) =>
    waitFor(`${amount} EUR owed`, async () => (await credit()).owed === amount).catch(async (error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(await credit())}`);
    });
  const state = async () => ({
    suspended: (await credit()).suspension !== null,
    blocked: await keys.exists(blocked),
  });
  const free = { suspended: false, blocked: 0 };
  /** Value, limit and unit of each suspension that the customer ever had. */
  const suspendedFor = async (customer: string) => {
    const { body } = await adminRequest(vigie, 'GET', `/v1/suspensions?customer=${customer}`);
    const { items } = body as { items: { value: number; limit: number; unit: string }[] };
    return items.map(({ value, limit, unit }) => [value, limit, unit]);
  };

  it('the first minute is owed at the answer; the threshold is the plan’s, with so much a line', async () => {
    await until(answerMs + 100);
    await owes(1);
    assert.equal((await credit()).threshold, 5);
  });

  it('after a restart in the third minute it goes on, and nothing is counted twice', async () => {
    await until(answerMs + 2 * MINUTE_MS + 100);
    await owes(3);
    await vigie.written();
    hep.close();
    await vigie.crash();
    await vigie.start();
    hep = await connectHep(vigie.hep);
    await waitFor('the call', async () => /"calls":1/.test(vigie.log()));
    await owes(3);
    await until(answerMs + 3 * MINUTE_MS + 100);
    await owes(4);
  });

  it('five minutes are at the threshold of 5.00, and stay there to the end of the fifth', async () => {
    await until(answerMs + 4 * MINUTE_MS + 100);
    await owes(5);
    // Capture time goes on by itself while the daemon is asked; the next test has the very end.
    await until(answerMs + 5 * MINUTE_MS - 20_000);
    assert.equal((await credit()).owed, 5);
    assert.deepEqual(await state(), free);
    assert.equal(
      readingOf(await explain(vigie, 'customer', 'debtor'), 'cmi.credit-limit-near').breached,
      true,
    );
  });

  it('the sixth minute passes it: suspended while the call goes on', async () => {
    await until(answerMs + 5 * MINUTE_MS + 100);
    await owes(6);
    await waitFor('the block', async () => (await keys.exists(blocked)) === 1);
    assert.equal(JSON.parse((await keys.get(blocked)) ?? '{}').rule, rule);
    const { readings, suspensions } = await explain(vigie, 'customer', 'debtor');
    assert.equal(readings.find((one) => one.rule === rule)?.value, 6);
    assert.equal(suspensions.length, 1);
    assert.deepEqual(await suspendedFor('debtor'), [[6, 5, 'EUR']]);
    const { body } = await adminRequest(vigie, 'GET', `/v1/alerts?rule=${rule}`);
    const [{ finding }, ...more] = (body as { items: { finding: { at: string } }[] }).items;
    assert.equal(more.length, 0);
    const intoCallMs = Date.parse(finding.at) - answerMs;
    assert.ok(intoCallMs >= 5 * MINUTE_MS && intoCallMs < 5 * MINUTE_MS + 1_000, `${intoCallMs}`);
  });

  it('after another restart still', async () => {
    hep.close();
    await vigie.crash();
    await vigie.start();
    hep = await connectHep(vigie.hep);
    await owes(6);
    assert.deepEqual(await state(), { suspended: true, blocked: 1 });
  });

  it('the end of the call adds nothing to what was owed on the way', async () => {
    await hep.send(ended(own('long'), answerMs + 5 * MINUTE_MS + 30_000));
    await until(answerMs + 5 * MINUTE_MS + 31_000);
    await waitFor(
      'the end',
      async () =>
        readingOf(await explain(vigie, 'customer', 'debtor'), 'cmi.average-call-duration').sample === 1,
    );
    assert.equal((await credit()).owed, 6);
  });

  it('a payment that leaves too much is recorded and lifts nothing; the same reference twice is one', async () => {
    const pay = { amount: 0.99, reason: 'bank transfer', by: 'eve', reference: 'T1' };
    for (let again = 0; again < 2; again++) {
      const { status, body } = await adminRequest(vigie, 'POST', '/v1/customers/debtor/credit', pay);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal((body as Credit).owed, 5.01);
    }
    assert.deepEqual(await state(), { suspended: true, blocked: 1 });
  });

  it('one cent more is at the threshold: lifted, by a person with a reason', async () => {
    const { body } = await adminRequest(vigie, 'POST', '/v1/customers/debtor/credit', {
      amount: 0.01,
      reason: 'cash',
      by: 'eve',
    });
    assert.deepEqual([(body as Credit).owed, (body as Credit).suspension], [5, null]);
    assert.equal(await keys.exists(blocked), 0);
    const lifted = await adminRequest(vigie, 'GET', '/v1/suspensions?customer=debtor');
    const { items } = lifted.body as { items: { rule: string; liftedBy: string; liftReason: string }[] };
    assert.deepEqual(
      items.map(({ rule, liftedBy, liftReason }) => [rule, liftedBy, liftReason]),
      [[rule, 'eve', 'cash']],
    );
  });

  it('what was paid is off, what is owed stays: the next minute suspends again, and a higher threshold lifts', async () => {
    await hep.send(answered(own('next'), answerMs + 10 * MINUTE_MS));
    await until(answerMs + 10 * MINUTE_MS + 5_000);
    await waitFor('the block', async () => (await keys.exists(blocked)) === 1);
    const { body } = await adminRequest(vigie, 'POST', '/v1/customers/debtor/credit', {
      threshold: 20,
      reason: 'guarantee deposited',
      by: 'eve',
    });
    assert.deepEqual([(body as Credit).owed, (body as Credit).threshold], [6, 20]);
    assert.deepEqual(await state(), free);
    assert.equal((await credit()).entries.length, 3);
  });

  it('a call whose end was not seen is taken off when a timer closes it, and what it caused is lifted', async () => {
    await adminRequest(vigie, 'POST', '/v1/customers/debtor/credit', {
      threshold: 8,
      reason: 'less',
      by: 'eve',
    });
    await hep.send(ended(own('next'), answerMs + 10 * MINUTE_MS + 10_000));
    await hep.send(answered(own('lost'), answerMs + 11 * MINUTE_MS));
    // Ten minutes are the longest call here: nine of them are told of before it is closed.
    await until(answerMs + 13 * MINUTE_MS + 30_000);
    await owes(9);
    await waitFor('the block', async () => (await keys.exists(blocked)) === 1);
    await until(answerMs + 21 * MINUTE_MS + 30_000);
    await owes(6);
    await waitFor('the lift', async () => {
      const { suspended, blocked } = await state();
      return !suspended && blocked === 0;
    });
  });

  it('a free trial ends with its 31st begun minute, and the contract that follows lifts that', async () => {
    const key = 'vigie:blocked:customer:newcomer';
    const rule = 'voxbi.trial-allowance';
    const phone = '198.51.100.30:5060';
    const of = (callId: string): Dialog => ({ line: TRIAL_LINE, phone, callId, called: '+33123456789' });
    const fromMs = answerMs + 25 * MINUTE_MS;
    await hep.send(
      registration({ ...of('trial'), called: TRIAL_LINE, user: TRIAL_LINE }, fromMs - 1_000, 7_200),
    );
    for (let call = 0; call < 4; call++) await hep.send(answered(of(`trial-${call}`), fromMs - 2));
    // Four calls are in their seventh minute: 28; at the next three more begin theirs, and the 31st is one too many.
    await until(fromMs + 7 * MINUTE_MS - 20_000);
    const standing = async () => readingOf(await explain(vigie, 'customer', 'newcomer'), rule);
    await waitFor('28 minutes', async () => (await standing()).value === 28);
    await until(fromMs + 7 * MINUTE_MS + 100);
    await waitFor('the block', async () => (await keys.exists(key)) === 1);
    assert.equal(JSON.parse((await keys.get(key)) ?? '{}').rule, rule);
    // What it was suspended for says when: not before the 31st.
    assert.deepEqual(await suspendedFor('newcomer'), [[31, 30, 'min']]);
    writeDirectory({});
    vigie.signal('SIGHUP');
    await waitFor('the lift', async () => (await keys.exists(key)) === 0);
    assert.equal((await standing()).value, null);
  });
});

describe('behind a real proxy', () => {
  const one = { line: '33100000011', password: 'pw11', customer: 'shop' };
  let scratch: string;
  let operator: Operator;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'vigie-credit-'));
    writeFileSync(join(scratch, 'deck.csv'), 'prefix,per_minute,connection_fee,increment\n*,0.60,3.00,1/1\n');
    operator = await startOperator({
      subscribers: [one],
      config: { rating: { decks: { retail: join(scratch, 'deck.csv') }, deck: 'retail' } },
    });
    const { status } = await operator.request('PUT', '/v1/directory/customers/shop', { creditThreshold: 6 });
    assert.equal(status, 200);
  });
  after(async () => {
    await operator?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('the second call passes 6.00; outgoing calls stop, emergency and incoming ones go on; a payment lets them out again', async () => {
    await operator.connects(one, abroad);
    await operator.drained();
    assert.deepEqual(await operator.suspensions('customer', 'shop'), []);
    await operator.connects(one, abroad);
    await operator.suspended('customer', 'shop', rule);
    await operator.isRefused(one, rule);
    await operator.connects(one, 'sip:112@vigie.example');
    const phone = await operator.phone(one, '127.0.1.9');
    const incoming = await operator.incoming(one.line);
    assert.equal(incoming.successful, 1, incoming.errors);
    await phone.stop();
    const before = await operator.cli('credit', 'show', 'shop', '--json');
    assert.equal(before.status, 0, before.output);
    const owed = (JSON.parse(before.output) as Credit).owed ?? 0;
    // Two connections and at least a second each; neither the refused call nor the emergency call cost anything.
    assert.ok(owed >= 6.02 && owed < 9, `${owed}`);
    const paid = await operator.cli(
      'credit',
      'pay',
      'shop',
      'all',
      '--reason',
      'bank transfer',
      '--by',
      'eve',
    );
    assert.equal(paid.status, 0, paid.output);
    assert.match(paid.output, /0\.00 EUR/);
    assert.deepEqual(await operator.suspensions('customer', 'shop'), []);
    await operator.connects(one, abroad);
  });
});
