/** The whole daemon, and `vigie gate` beside it, with the double of drachtio: from a suspension to the caller's answer. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { adminRequest } from './harness/admin.ts';
import { type Child, startChild, waitFor } from './harness/child.ts';
import { type DrachtioDouble, startDrachtioDouble } from './harness/drachtio-double.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const command = new URL('../cli/vigie', import.meta.url).pathname;
const pbx = { address: '203.0.113.7', port: 5060 };

let serial = 0;

function invite(called: string): string {
  const id = ++serial;
  return [
    `INVITE sip:${called}@192.0.2.10:5060 SIP/2.0`,
    `Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK${id};rport=5060`,
    `From: <sip:alice@example.net>;tag=f${id}`,
    `To: <sip:${called}@example.net>`,
    `Call-ID: daemon-${id}@example.net`,
    'CSeq: 1 INVITE',
    'Contact: <sip:alice@203.0.113.7:5060>',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

describe('daemon and drachtio', () => {
  let redis: TestRedis;
  let drachtio: DrachtioDouble;
  let vigie: TestVigie;
  let gate: Child | null = null;

  const gateCheck = async () => {
    const { checks } = (await (await fetch(`${vigie.http}/readyz`)).json()) as {
      checks: { name: string; status: string; detail: string }[];
    };
    return checks.find(({ name }) => name === 'gate');
  };
  const suspend = async (id: string): Promise<string> => {
    const request = { subject: { kind: 'line', id }, reason: 'a test', by: 'tests', mode: 'enforce' };
    const { status, body } = await adminRequest(vigie, 'POST', '/v1/suspensions', request);
    assert.equal(status, 201, JSON.stringify(body));
    const answer = body as { id?: string; suspension?: { id: string } };
    return answer.suspension?.id ?? answer.id ?? '';
  };

  before(async () => {
    redis = await startRedis();
    drachtio = await startDrachtioDouble();
    vigie = await startVigie({
      redisUrl: redis.url,
      config: {
        network: { proxies: ['192.0.2.10'], carriers: ['198.51.100.1'] },
        gate: {
          next: ['sip:10.0.0.1:5060'],
          deadline: '1s',
          decide: { enabled: true },
          drachtio: { servers: [{ address: `127.0.0.1:${drachtio.port}`, secret: 'cymru' }] },
        },
      },
    });
    await waitFor('the gate', () => drachtio.applications('invite') === 1);
  });
  after(async () => {
    await gate?.stop();
    await vigie.remove();
    await drachtio.stop();
    await redis.remove();
  });

  test('a suspension holds at the next call, and a lift lets the one after it through', async () => {
    assert.equal((await drachtio.request(invite('0142000001'), pbx)).status, 200);
    const id = await suspend('alice');
    await waitFor(
      'the refusal',
      async () => (await drachtio.request(invite('0142000001'), pbx)).status === 403,
    );
    assert.equal((await drachtio.request(invite('112'), pbx)).status, 200);
    const answer = await fetch(`${vigie.http}/v1/drachtio/decide/?method=INVITE&source_address=203.0.113.7`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=UTF-8' },
      body: invite('0142000001'),
    });
    const { action, data } = (await answer.json()) as { action: string; data: { status: number } };
    assert.deepEqual([action, data.status], ['reject', 403]);
    await adminRequest(vigie, 'POST', `/v1/suspensions/${id}/lift`, { reason: 'over', by: 'tests' });
    await waitFor('the lift', async () => (await drachtio.request(invite('0142000001'), pbx)).status === 200);
    const metrics = await vigie.metrics();
    assert.match(metrics, /^vigie_gate_verdicts_total\{grounds="emergency"\} 1$/m);
    assert.match(metrics, /^vigie_gate_servers_connected 1$/m);
  });

  test('readiness says when drachtio is away, and is ready all the same', async () => {
    assert.equal((await gateCheck())?.status, 'ok');
    await drachtio.stop();
    await waitFor('the loss', async () => (await gateCheck())?.status === 'degraded');
    assert.equal((await fetch(`${vigie.http}/readyz`)).status, 200);
    await drachtio.start();
    await waitFor('the gate', async () => (await gateCheck())?.status === 'ok');
  });

  test('a gate of its own goes on when the daemon is killed, and what was suspended stays so', async () => {
    const config = parse(readFileSync(vigie.configFile, 'utf8')) as { gate: { drachtio: object } };
    const file = join(vigie.directory, 'gate.yaml');
    writeFileSync(file, stringify(config));
    gate = startChild(command, ['gate', '--config', file]);
    await waitFor('both gates', () => drachtio.applications('invite') === 2, gate);
    await suspend('alice');
    await waitFor(
      'the block',
      async () => (await drachtio.request(invite('0142000001'), pbx)).status === 403,
    );
    await vigie.crash();
    await waitFor('the daemon to be gone', () => drachtio.applications('invite') === 1);
    assert.equal((await drachtio.request(invite('0142000001'), pbx)).status, 403);
    assert.equal((await drachtio.request(invite('112'), pbx)).status, 200);
    const other = invite('0142000001').replaceAll('alice', 'bob');
    assert.equal((await drachtio.request(other, { address: '203.0.113.8', port: 5060 })).status, 200);
    await gate.stop();
    assert.equal((await gate.exited).status, 0);
    assert.equal((await drachtio.request(invite('112'), pbx)).status, 503);
    gate = null;
    await vigie.start();
  });
});
