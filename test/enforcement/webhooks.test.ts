import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import {
  delivery,
  finding,
  type Received,
  type Running,
  receiver,
  type Sink,
  secret,
  startEnforcement,
  startSink,
  until,
} from './setting.ts';

interface Payload {
  type: string;
  timestamp: string;
  data: { audience: string; kind?: string; text?: string; suspension?: Record<string, unknown> };
}

/** The library's own verification, as a receiver would call it. */
function verified({ body, headers }: Received): Payload {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Payload;
}

describe('webhooks', () => {
  let server: TestRedis;
  let redis: Redis;
  let sinks: Sink[] = [];
  let running: Running | null = null;

  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
    for (const sink of sinks) await sink.close();
    sinks = [];
    await redis.flushall();
  });
  after(async () => {
    redis.disconnect();
    await server.remove();
  });
  async function sink(): Promise<Sink> {
    const one = await startSink();
    sinks.push(one);
    return one;
  }
  const types = (one: Sink) => one.received.map((received) => verified(received).type);

  test('fails twice, then succeeds: one id, three signatures that hold, logged with status', async () => {
    const hook = await sink();
    hook.answers.push(503, 302);
    running = await startEnforcement(server.url, {
      webhooks: [receiver('ops', hook.url, { events: ['suspension.notified'] })],
    });
    running.enforcement.onFinding(finding('0123'));
    await until('three attempts', () => hook.received.length === 3);
    const ids = new Set(hook.received.map(({ headers }) => headers['webhook-id']));
    assert.equal(ids.size, 1);
    const payloads = hook.received.map(verified);
    assert.deepEqual(payloads[2], payloads[0]);
    assert.equal(payloads[0]!.type, 'suspension.notified');
    assert.match(
      payloads[0]!.data.text!,
      /31 transactions\/s against a limit of 30 \(CMI general terms 12\.1\)/,
    );
    await until('log', async () => (await redis.xlen('vigie:deliveries')) === 3);
    const log = await redis.xrange('vigie:deliveries', '-', '+');
    const field = (fields: string[], name: string) => fields[fields.indexOf(name) + 1];
    assert.deepEqual(
      log.map(([, fields]) => [field(fields, 'status'), field(fields, 'outcome'), field(fields, 'attempt')]),
      [
        ['503', 'retried', '1'],
        ['302', 'retried', '2'],
        ['204', 'delivered', '3'],
      ],
    );
  });

  test('gives up after the attempts, and at once after 410; a slow receiver is cut off', async () => {
    const [refusing, gone, slow] = [await sink(), await sink(), await sink()];
    refusing.answers.push(500, 500, 500, 500, 500, 500);
    gone.answers.push(410);
    slow.answers.push('hang');
    const events = ['suspension.notified'];
    running = await startEnforcement(server.url, {
      webhooks: [
        receiver('refusing', refusing.url, { events }),
        receiver('gone', gone.url, { events }),
        receiver('slow', slow.url, { events }),
      ],
      delivery: { ...delivery, timeoutMs: 1_000 },
    });
    running.enforcement.onFinding(finding('0123'));
    await until('all done', async () => (await redis.xlen('vigie:deliveries')) === 4 + 1 + 2);
    assert.equal(refusing.received.length, 4);
    assert.equal(gone.received.length, 1);
    assert.equal(slow.received.length, 2);
    assert.equal(running.logged.filter((event) => event === 'notice.failed').length, 2);
  });

  test('the act does not wait for a receiver that never answers', async () => {
    const hook = await sink();
    hook.answers.push(...Array(20).fill('hang'));
    running = await startEnforcement(server.url, {
      webhooks: [receiver('ops', hook.url)],
      delivery: { attempts: 2, backoffMs: 20, timeoutMs: 60_000, concurrency: 1 },
    });
    running.enforcement.onFinding(finding('0123'));
    await until('blocked', async () => (await redis.exists('vigie:blocked:line:0123')) === 1);
    await until('receiver asked', () => hook.received.length === 1);
    assert.equal(await redis.xlen('vigie:deliveries'), 0);
  });

  test('client and operator are told what is theirs', async () => {
    const [ops, client] = [await sink(), await sink()];
    running = await startEnforcement(server.url, {
      webhooks: [receiver('ops', ops.url), receiver('client', client.url, { audience: 'client' })],
    });
    running.enforcement.onFinding(finding('0123'));
    running.enforcement.onFinding(finding('0124', { mode: 'observe' }));
    running.enforcement.onFinding(finding('0125', { held: 'carrier failure' }));
    running.enforcement.onBrake({ engaged: true, reason: 'a wave', atMs: 1 });
    await running.settled();
    const [suspension] = (await running.enforcement.list()).items;
    await running.enforcement.lift({ id: suspension!.id, reason: 'paid', by: 'Ana' });
    await until('all told', () => ops.received.length === 7 && client.received.length === 3);
    assert.deepEqual(types(ops).sort(), [
      'alert',
      'alert',
      'brake.engaged',
      'suspension.active',
      'suspension.lifted',
      'suspension.notified',
      'suspension.proposed',
    ]);
    assert.deepEqual(types(client).sort(), ['suspension.active', 'suspension.lifted', 'suspension.notified']);
    const told = client.received.map(verified).find(({ type }) => type === 'suspension.notified')!;
    assert.equal(told.data.suspension!['finding'], undefined);
    assert.deepEqual(told.data.suspension!['evidence'], { callIds: ['a@host', 'b@host'] });
  });

  test('with a notice period the block comes after it', async () => {
    let nowMs = Date.now();
    running = await startEnforcement(server.url, { noticePeriodMs: 60_000 }, { clock: () => nowMs });
    running.enforcement.onFinding(finding('0123'));
    await running.settled();
    assert.equal((await running.enforcement.list()).items[0]!.state, 'notified');
    nowMs += 59_999;
    await running.enforcement.sweep();
    assert.equal(await redis.exists('vigie:blocked:line:0123'), 0);
    nowMs += 1;
    await running.enforcement.sweep();
    assert.equal(await redis.exists('vigie:blocked:line:0123'), 1);
  });

  test('a notice that was delivered, or given up, is sent again under its id and with its body', async () => {
    const [taking, gone] = [await sink(), await sink()];
    gone.answers.push(410);
    const events = ['suspension.notified'];
    running = await startEnforcement(server.url, {
      webhooks: [receiver('taking', taking.url, { events }), receiver('gone', gone.url, { events })],
    });
    const { enforcement } = running;
    enforcement.onFinding(finding('0123'));
    await until('both are over', async () => (await redis.xlen('vigie:deliveries')) === 2);
    const { items } = await enforcement.deliveries();
    assert.deepEqual(items.map(({ outcome, attempt }) => [outcome, attempt]).toSorted(), [
      ['delivered', '1'],
      ['failed', '1'],
    ]);
    for (const { id } of items) {
      // The log is written a moment before the queue knows that the attempt is over.
      await until('sent again', async () => (await enforcement.replayDelivery(id)) === 'queued');
    }
    await until('two more', () => taking.received.length === 2 && gone.received.length === 2);
    for (const { received } of [taking, gone]) {
      assert.equal(received[1]!.headers['webhook-id'], received[0]!.headers['webhook-id']);
      assert.equal(received[1]!.body, received[0]!.body);
      assert.equal(verified(received[1]!).type, 'suspension.notified');
    }
    assert.equal(await enforcement.replayDelivery('nobody'), 'absent');
    await until('logged', async () => (await redis.xlen('vigie:deliveries')) === 4);
    const first = await enforcement.deliveries(3);
    const rest = await enforcement.deliveries(3, first.cursor);
    assert.deepEqual([first.items.length, rest.items.length, rest.cursor], [3, 1, null]);
  });
});
