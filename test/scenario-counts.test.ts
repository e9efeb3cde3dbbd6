/** The message counts that test/README.md promises for each scenario, by SIPp's own statistics. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type HepSink, startHepSink } from './harness/hep-sink.ts';
import { startKamailio, type TestKamailio } from './harness/kamailio.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { customerRow, runSipp, startSipp } from './harness/sipp.ts';

let redis: TestRedis;
let hep: HepSink;

before(async () => {
  redis = await startRedis();
  hep = await startHepSink();
});

after(async () => {
  hep?.close();
  await redis?.remove();
});

const table: [scenario: string, called: string, customerLeg: number, carrierLeg: number][] = [
  ['customer-register', '33612345678', 4, 0],
  ['customer-call', '33612345678', 9, 5],
  ['customer-reinvite', '33612345678', 13, 8],
  ['customer-rejected', '336123450486', 7, 3],
  ['customer-rejected', '336123450503', 7, 3],
  ['customer-cancel', '336123450487', 10, 6],
  ['options', '33612345678', 2, 0],
];

for (const [scenario, called, customerLeg, carrierLeg] of table)
  it(`${scenario} to ${called}`, async () => {
    const carrier = await startSipp({ scenario: 'answer', address: '127.0.0.20', timeoutSeconds: 30 });
    const proxy: TestKamailio = await startKamailio({
      // With several, messages of a call can overtake each other.
      workers: 1,
      subscribers: [{ line: '33100000001', password: 'secret', customer: 'acme' }],
      redisPort: redis.port,
      hep: `127.0.0.1:${hep.port}`,
      carrierPort: carrier.port,
    });
    const customer = await runSipp({
      scenario,
      address: '127.0.1.3',
      target: proxy,
      rows: [customerRow('33100000001', 'secret', `sip:${called}@vigie.example`)],
      calls: 5,
      timeoutSeconds: 10,
    });
    const upstream = await carrier.stop();
    await proxy.stop();
    assert.equal(customer.successful, 5, customer.errors);
    assert.equal(customer.failed + upstream.failed, 0, upstream.errors);
    const copies = [...customer.messages, ...upstream.messages].reduce(
      (sum, one) => sum + one.retransmitted,
      0,
    );
    assert.equal(
      customer.sent + customer.received + upstream.sent + upstream.received - copies,
      5 * (customerLeg + carrierLeg),
    );
    assert.equal(upstream.sent + upstream.received > 0, carrierLeg > 0);
  });
