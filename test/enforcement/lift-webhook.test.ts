import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { verifyLift } from '../../daemon/enforcement/lift-webhook.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { type Running, secret, startEnforcement } from './setting.ts';

const other = `whsec_${Buffer.from('another secret of 32 bytes......').toString('base64')}`;

/** Signed by the library, as a sender would. */
function signed(body: object | string, id: string, atMs: number, by = secret) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const at = new Date(atMs);
  return {
    body: Buffer.from(text),
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(by).sign(id, at, text),
    },
  };
}

describe('signed lift', () => {
  const nowMs = Date.UTC(2026, 10, 22, 12);
  const ask = { suspensionId: 'x', reason: 'paid', by: 'billing' };
  const code = (message: ReturnType<typeof signed>, secrets = [secret], atMs = nowMs) => {
    const result = verifyLift(message.body, message.headers, secrets, atMs);
    return result.ok ? 'ok' : result.code;
  };

  test('accepted within five minutes either way, refused a second beyond', () => {
    const message = signed(ask, 'm1', nowMs);
    assert.equal(code(message, [secret], nowMs + 300_000), 'ok');
    assert.equal(code(message, [secret], nowMs + 301_000), 'webhook-timestamp-too-old');
    assert.equal(code(message, [secret], nowMs - 300_000), 'ok');
    assert.equal(code(message, [secret], nowMs - 301_000), 'webhook-timestamp-too-new');
  });

  test('any change breaks the signature', () => {
    const message = signed(ask, 'm1', nowMs);
    for (let i = 0; i < message.body.length; i++) {
      const body = Buffer.from(message.body);
      body[i]! ^= 1;
      assert.equal(code({ ...message, body }), 'webhook-signature-invalid');
    }
    const { headers, body } = message;
    assert.equal(code({ body, headers: { ...headers, 'webhook-id': 'm2' } }), 'webhook-signature-invalid');
    const later = String(nowMs / 1000 + 1);
    assert.equal(
      code({ body, headers: { ...headers, 'webhook-timestamp': later } }),
      'webhook-signature-invalid',
    );
    assert.equal(
      code({ body, headers: { ...headers, 'webhook-signature': '' } }),
      'webhook-signature-invalid',
    );
  });

  test('another secret is refused, one of several accepted, none closes the way', () => {
    const message = signed(ask, 'm1', nowMs, other);
    assert.equal(code(message), 'webhook-signature-invalid');
    assert.equal(code(message, [secret, other]), 'ok');
    assert.equal(code(message, []), 'webhook-not-configured');
  });

  test('the suspension may be called id, as the API calls it, and the order may be the data of an event', () => {
    const { suspensionId: id, ...why } = ask;
    for (const body of [
      ask,
      { id, ...why },
      { type: 'suspension.lift', timestamp: '2026-11-22T12:00:00Z', data: { id, ...why } },
    ]) {
      const { body: bytes, headers } = signed(body, 'm1', nowMs);
      const order = verifyLift(bytes, headers, [secret], nowMs);
      assert.deepEqual(order.ok && [order.suspensionId, order.reason, order.by], ['x', 'paid', 'billing']);
    }
  });

  test('headers and bodies that say nothing usable', () => {
    const { body, headers } = signed(ask, 'm1', nowMs);
    const { 'webhook-id': _, ...without } = headers;
    assert.equal(verifyLift(body, without, [secret], nowMs).ok, false);
    assert.equal(
      code({ body, headers: { ...headers, 'webhook-timestamp': '1e9' } }),
      'webhook-timestamp-invalid',
    );
    for (const bad of [
      'not json',
      '[]',
      {},
      { ...ask, reason: ' ' },
      { ...ask, by: 7 },
      { ...ask, graceSeconds: -1 },
      { ...ask, subject: { kind: 'line', id: '1' } },
      { subject: { kind: 'called', id: '1' }, reason: 'r', by: 'b' },
    ]) {
      assert.equal(code(signed(bad, 'm1', nowMs)), 'webhook-body-invalid', JSON.stringify(bad));
    }
    assert.equal(code(signed(`"${'x'.repeat(16_384)}"`, 'm1', nowMs)), 'webhook-too-large');
  });

  describe('with Redis', () => {
    let server: TestRedis;
    let redis: Redis;
    let running: Running;
    before(async () => {
      server = await startRedis();
      redis = new Redis(server.url);
      running = await startEnforcement(server.url, { liftSecrets: [secret] });
    });
    after(async () => {
      await running.stop();
      redis.disconnect();
      await server.remove();
    });

    test('lifts once; the same message again is a replay', async () => {
      const subject = { kind: 'line' as const, id: '0123' };
      await running.enforcement.suspend({ subject, reason: 'fraud', by: 'Ana' });
      const message = signed({ subject, reason: 'paid', by: 'billing', graceSeconds: 5 }, 'm7', Date.now());
      const send = () => running.enforcement.liftBySignature(message.body, message.headers);
      const results = await Promise.all([send(), send(), send()]);
      assert.equal(results.filter(({ ok }) => ok).length, 1);
      assert.deepEqual(
        results.flatMap((result) => (result.ok ? [] : [result.code])),
        ['webhook-replayed', 'webhook-replayed'],
      );
      assert.equal(await redis.exists('vigie:blocked:line:0123'), 0);
      assert.equal((await running.enforcement.list()).items[0]!.liftedBy, 'billing');
    });

    test('a lift that could not be made may be sent again', async () => {
      const message = signed({ ...ask, suspensionId: 'unknown' }, 'm8', Date.now());
      const send = () => running.enforcement.liftBySignature(message.body, message.headers);
      await assert.rejects(send(), { code: 'suspension-not-found' });
      await assert.rejects(send(), { code: 'suspension-not-found' });
    });
  });
});
