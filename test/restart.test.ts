/** kill -9 in the middle of calls, with a Redis of its own and with the embedded one; SIGTERM; SIGHUP. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { adminRequest, explain, readingOf } from './harness/admin.ts';
import { waitFor } from './harness/child.ts';
import { metric } from './harness/metrics.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';
import { answered, connectHep, ended, type HepConnection, refused, registration } from './hep-dialogs.ts';

const LINE = '33100000001';
const PHONE = '198.51.100.10:5060';
const FAILING = '33100000002';
const FAILING_PHONE = '198.51.100.20:5060';
const config = { network: { proxies: ['192.0.2.1'] }, policies: { mode: 'enforce' } };

const own = (callId: string) => ({ line: LINE, phone: PHONE, callId });
const counter = async (vigie: TestVigie, name: string, labels = '') =>
  metric(await vigie.metrics(), name, labels);

async function reading(vigie: TestVigie, kind: string, id: string, rule: string) {
  return readingOf(await explain(vigie, kind, id), rule);
}

/** Waits for a reading's value or sample to be this. */
async function settles(
  vigie: TestVigie,
  [kind, id, rule]: [kind: string, id: string, rule: string],
  key: 'value' | 'sample',
  expected: number,
): Promise<void> {
  let last: number | null = null;
  await waitFor(`${rule} of ${kind} ${id}: ${key} ${expected}`, async () => {
    last = (await reading(vigie, kind, id, rule))[key];
    return last === expected;
  }).catch((error) => {
    throw new Error(`${error.message}; it was ${last}`);
  });
}

async function alerts(vigie: TestVigie): Promise<{ rule: string; action: string; subject: string }[]> {
  const { body } = await adminRequest(vigie, 'GET', '/v1/alerts?limit=500');
  return (
    body as { items: { finding: { rule: string; action: string; subject: { id: string } } }[] }
  ).items.map(({ finding }) => ({ rule: finding.rule, action: finding.action, subject: finding.subject.id }));
}

const standing = async (vigie: TestVigie, kind: string, id: string) => {
  const { readings, suspensions } = await explain(vigie, kind, id);
  return {
    suspensions,
    readings: readings
      .filter(({ rule }) => !/-rate$/.test(rule))
      .map(({ rule, value, sample, breached, step }) => ({ rule, value, sample, breached, step })),
  };
};

for (const embedded of [false, true])
  describe(`kill -9 in the middle of calls, ${embedded ? 'embedded Redis' : 'a Redis of its own'}`, () => {
    let redis: TestRedis | null = null;
    let vigie: TestVigie;
    let hep: HepConnection;
    const answeredAtMs: number[] = [];

    before(async () => {
      redis = embedded ? null : await startRedis();
      vigie = await startVigie({ redisUrl: redis?.url ?? null, config });
      hep = await connectHep(vigie.hep);
      const atMs = Date.now();
      await hep.send(registration({ ...own('register'), user: LINE }, atMs));
      await hep.send(
        registration({ line: FAILING, phone: FAILING_PHONE, callId: 'r2', user: FAILING }, atMs),
      );
      for (let i = 0; i < 3; i++) {
        const calledAtMs = Date.now();
        answeredAtMs.push(calledAtMs + 2);
        await hep.send(answered(own(`open-${i}`), calledAtMs));
      }
      // 40 calls that fail: the ASR is significantly below its limit, and the customer is suspended.
      for (let i = 0; i < 40; i++)
        await hep.send(
          refused(
            { line: FAILING, phone: FAILING_PHONE, callId: `fails-${i}` },
            404,
            Date.now() - 4_000 + i * 100,
          ),
        );
      await settles(vigie, ['line', LINE, 'cmi.simultaneous-calls'], 'value', 3);
      await settles(vigie, ['customer', LINE, 'cmi.answer-seizure-ratio'], 'sample', 3);
      await settles(vigie, ['customer', FAILING, 'cmi.answer-seizure-ratio'], 'sample', 40);
      await waitFor('the suspension', async () =>
        (await explain(vigie, 'customer', FAILING)).suspensions.some(({ state }) => state === 'active'),
      );
      await waitFor('the alert', async () =>
        (await alerts(vigie)).some(({ rule }) => rule === 'cmi.simultaneous-calls'),
      );
    });

    after(async () => {
      hep?.close();
      await vigie?.remove();
      await redis?.remove();
    });

    it('windows, open calls, bindings and suspensions are as before', async () => {
      const seen = async () => [
        await standing(vigie, 'line', LINE),
        await standing(vigie, 'customer', LINE),
        await standing(vigie, 'customer', FAILING),
        await alerts(vigie),
      ];
      const expected = await seen();
      await vigie.written();
      hep.close();
      await vigie.crash();
      await vigie.start();
      hep = await connectHep(vigie.hep);
      await waitFor('what was saved', async () => (await counter(vigie, 'vigie_bindings')) === 2);
      if (embedded) await waitFor('the adoption in the log', () => /adopted/.test(vigie.log()));
      assert.deepEqual(await seen(), expected);
    });

    it('what comes again is not counted again, and judges nothing again', async () => {
      const before = await alerts(vigie);
      await hep.send(answered(own('open-0'), Date.now()));
      await hep.send(refused({ line: FAILING, phone: FAILING_PHONE, callId: 'fails-39' }, 404, Date.now()));
      // A call without credentials from a registered address is still the line's.
      await hep.send(refused(own('new'), 486, Date.now()));
      await settles(vigie, ['customer', LINE, 'cmi.answer-seizure-ratio'], 'sample', 4);
      assert.equal((await reading(vigie, 'customer', FAILING, 'cmi.answer-seizure-ratio')).sample, 40);
      assert.equal((await reading(vigie, 'line', LINE, 'cmi.simultaneous-calls')).value, 3);
      // One more failed call of the suspended customer: the same episode.
      await hep.send(refused({ line: FAILING, phone: FAILING_PHONE, callId: 'fails-40' }, 404, Date.now()));
      await settles(vigie, ['customer', FAILING, 'cmi.answer-seizure-ratio'], 'sample', 41);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(await alerts(vigie), before);
      assert.equal((await explain(vigie, 'customer', FAILING)).suspensions.length, 1);
    });

    it('BYEs after the restart end the calls with their true durations', async () => {
      const endedAtMs = Date.now();
      for (let i = 0; i < 3; i++) await hep.send(ended(own(`open-${i}`), endedAtMs));
      await settles(vigie, ['line', LINE, 'cmi.simultaneous-calls'], 'value', 0);
      await settles(vigie, ['customer', LINE, 'cmi.average-call-duration'], 'sample', 3);
      const mean = (await reading(vigie, 'customer', LINE, 'cmi.average-call-duration')).value!;
      const expected = answeredAtMs.reduce((sum, atMs) => sum + (endedAtMs - atMs), 0) / 3_000;
      assert.ok(Math.abs(mean - expected) < 0.01, `${mean} ${expected}`);
    });
  });

describe('signals', () => {
  let redis: TestRedis;
  let vigie: TestVigie;

  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.remove());
  afterEach(() => vigie?.remove());

  it('SIGTERM writes what waits before it ends', async () => {
    vigie = await startVigie({ redisUrl: redis.url, config });
    const hep = await connectHep(vigie.hep);
    await hep.send(registration({ ...own('term-register'), user: LINE }, Date.now()));
    for (let i = 0; i < 20; i++) await hep.send(refused(own(`term-${i}`), 486, Date.now()));
    await waitFor('the packets', async () => (await counter(vigie, 'vigie_sip_messages_total')) === 42);
    await vigie.stop();
    assert.match(vigie.log(), /"event":"daemon\.stopped"/);
    await vigie.start();
    hep.close();
    await settles(vigie, ['customer', LINE, 'cmi.answer-seizure-ratio'], 'sample', 20);
  });

  it('SIGHUP takes a changed policy and refuses a broken file', async () => {
    vigie = await startVigie({ redisUrl: redis.url, config: { network: config.network } });
    const shipped = readFileSync(new URL('../config/policies/cmi.yaml', import.meta.url), 'utf8');
    const directory = `${vigie.directory}/policies`;
    mkdirSync(directory);
    const write = (policy: string) => writeFileSync(`${directory}/cmi.yaml`, policy);
    write(shipped.replace('limit: 30, window: 1s', 'limit: 7, window: 1s'));
    const file = parse(readFileSync(vigie.configFile, 'utf8'));
    writeFileSync(vigie.configFile, stringify({ ...file, policies: { directory } }));
    const tip = async () => JSON.stringify((await explain(vigie, 'customer', 'somebody')).readings);
    assert.match(await tip(), /the 31st transaction/);
    vigie.signal('SIGHUP');
    await waitFor('the reload', async () => /the 8th transaction/.test(await tip()));
    const says = (words: RegExp) => waitFor(String(words), () => words.test(vigie.log()));
    await says(/"event":"config\.reloaded"/);
    assert.equal(await counter(vigie, 'vigie_config_last_reload_successful'), 1);

    write(shipped.replace('limit: 30, window: 1s', 'limit: many, window: 1s'));
    vigie.signal('SIGHUP');
    await waitFor(
      'the refusal',
      async () => (await counter(vigie, 'vigie_config_last_reload_successful')) === 0,
    );
    await says(/"event":"config\.refused".*cmi\.yaml/);
    assert.equal(await counter(vigie, 'vigie_config_reloads_total', 'result="failure"'), 1);
    assert.match(await tip(), /the 8th transaction/);
  });
});
