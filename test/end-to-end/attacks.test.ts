/**
 * Who pays for an attack, and who does not: SIPVicious never has the line suspended whose name it uses; phones that register again
 * after a power cut are told apart from floods of the same rate. The shipped policy.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Subscriber } from '../harness/kamailio.ts';
import { abroad, type Operator, startOperator } from '../harness/operator.ts';
import { freePort } from '../harness/ports.ts';
import { customerRow } from '../harness/sipp.ts';
import { runSipvicious } from '../harness/sipvicious.ts';

const messageRate = 'cmi.message-rate';
const transactionRate = 'cmi.transaction-rate';
const victim: Subscriber = { line: '33100000100', password: 'guess12', customer: 'victim' };
/** A hundred phones behind one address, each line a customer of its own. */
const phones: Subscriber[] = Array.from({ length: 100 }, (_, index) => ({
  line: `331000002${String(index).padStart(2, '0')}`,
  password: `pw${index}`,
  customer: `home-${index}`,
}));

let operator: Operator;

async function assertUntouched(who: Subscriber): Promise<void> {
  for (const [kind, id] of [
    ['customer', who.customer],
    ['line', who.line],
  ]) {
    const query = new URLSearchParams({ subjectKind: kind, subject: id, limit: '500' });
    const { body } = await operator.request('GET', `/v1/alerts?${query}`);
    assert.deepEqual((body as { items: unknown[] }).items, [], `${kind} ${id}`);
    assert.deepEqual(await operator.suspensions(kind, id, false), []);
  }
}

describe('SIPVicious', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-words-'));
  const words = join(scratch, 'words.txt');
  const attacker = '127.0.1.66';
  let port: number;

  before(async () => {
    port = await freePort(attacker);
    operator = await startOperator({
      subscribers: [victim],
      // Else the address is blocked before the password is found.
      modes: { [messageRate]: 'observe', 'network.scanner': 'observe' },
      // svwar gives up where unknown users are challenged like known ones.
      editProxy: (example) =>
        example.replace(
          'if (is_method("REGISTER")) {',
          `$&\n\t\tif ($tU != "${victim.line}") {\n\t\t\tsl_send_reply("404", "Not Found");\n\t\t\texit;\n\t\t}`,
        ),
    });
    writeFileSync(words, `${Array.from({ length: 20 }, (_, index) => `guess${index}`).join('\n')}\n`);
  });
  after(async () => {
    await operator?.remove();
    rmSync(scratch, { recursive: true });
  });

  const scan = () =>
    runSipvicious('svwar', { address: attacker, port }, operator.proxy, [
      ...['-e', '33100000000-33100000199'],
    ]);
  const crack = () =>
    runSipvicious(
      'svcrack',
      { address: attacker, port },
      operator.proxy,
      ['-u', victim.line, '-d', words],
      15_000,
    );

  it('scans: the line is charged nothing', async () => {
    const before = await operator.metric('vigie_sip_transactions_total');
    assert.match(await scan(), /33100000100 \| reqauth/);
    await operator.drained();
    const transactions = (await operator.metric('vigie_sip_transactions_total')) - before;
    assert.ok(transactions >= 200, `the scan took place: ${transactions} transactions`);
    // More than 30 of these requests a second would have been told of the line, had they been charged to it.
    const alerts = await operator.alerts('source', attacker, messageRate);
    assert.equal(alerts[0]?.kind, 'alert', 'the scan was fast enough');
    await assertUntouched(victim);
  });

  it('finds the password: the line is charged nothing', async () => {
    assert.match(await crack(), /33100000100 \| guess12/);
    await operator.drained();
    await assertUntouched(victim);
  });

  it('scans and cracks on from the address that is now registered: still nothing', async () => {
    assert.ok((await operator.metric('vigie_bindings')) >= 1, 'svcrack has registered');
    await scan();
    await crack();
    await operator.drained();
    await assertUntouched(victim);
    await operator.connects(victim, abroad);
    assert.deepEqual(await operator.blockedKeys(), []);
  });
});

describe('a hundred phones behind one address', () => {
  before(async () => {
    operator = await startOperator({ subscribers: phones });
  });
  after(() => operator?.remove());

  const home = '127.0.1.80';
  const rows = phones.map(({ line, password }) => customerRow(line, password));
  const register = (
    scenario: string,
    address: string,
    count: number,
    perSecond: number,
    accounts: readonly string[] = rows,
  ) =>
    operator.run(phones[0], '', {
      scenario,
      address,
      calls: count,
      perSecond,
      rows: accounts,
      timeoutSeconds: 60,
    });

  it('register again after a power cut for more than three seconds: alerts, no block', async (t) => {
    const day = await register('customer-register', home, 100, 20);
    assert.equal(day.successful, 100, day.errors);
    assert.deepEqual(await operator.alerts('source', home, messageRate), []);
    // Four registrations of each phone, 100 messages a second for eight seconds.
    const wave = await register('customer-register', home, 400, 50);
    assert.equal(wave.successful, 400, wave.errors);
    await operator.drained();
    const alerts = await operator.alerts('source', home, messageRate);
    assert.deepEqual(
      alerts.map(({ kind, finding }) => [kind, finding.action]),
      [
        ['alert', 'alert'],
        ['alert', 'alert'],
      ],
    );
    const { finding } = alerts[1];
    assert.equal(finding.evidence.excusedAction, 'block-registration');
    assert.match(String(finding.evidence.excused), /^looks like phones registering again/);
    assert.ok(Date.parse(finding.at) - Date.parse(finding.since) >= 3000);
    t.diagnostic(String(finding.evidence.excused));
    assert.deepEqual(await operator.suspensions('source', home, false), []);
    const again = await register('customer-register', home, 100, 20);
    assert.equal(again.successful, 100, again.errors);
  });

  it('wrong passwords at the same rate: blocked', async () => {
    const address = '127.0.1.81';
    const wrong = phones.map(({ line }) => customerRow(line, 'wrong'));
    const guesses = await operator.start(phones[0], '', {
      ...{ scenario: 'customer-register-wrong', address, calls: 3000, perSecond: 50, rows: wrong },
    });
    await operator.suspended('source', address, messageRate);
    await guesses.stop();
    const refused = await register('customer-register-refused', address, 1, 1);
    assert.equal(refused.successful, 1, refused.errors);
  });

  it('OPTIONS at the same rate: blocked, and only the addresses that flooded', async () => {
    const address = '127.0.1.82';
    const flood = await operator.start(phones[0], '', {
      ...{ scenario: 'options', address, calls: 6000, perSecond: 100 },
    });
    await operator.suspended('source', address, messageRate);
    await flood.stop();
    assert.deepEqual(await operator.blockedKeys(), [
      'vigie:blocked:source:127.0.1.81',
      'vigie:blocked:source:127.0.1.82',
    ]);
    const fine = await register('customer-register', home, 1, 1);
    assert.equal(fine.successful, 1, fine.errors);
  });

  it('none of their customers is suspended', async () => {
    for (const list of ['alerts', 'suspensions']) {
      const { body } = await operator.request('GET', `/v1/${list}?rule=${transactionRate}`);
      assert.deepEqual((body as { items: unknown[] }).items, []);
    }
  });
});
