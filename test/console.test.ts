/** The console in a real Chromium against a real daemon: what an operator does at night, step by step. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { seenText, signIn, startChromium, type Visit, visit } from './harness/chromium.ts';
import { type ConsoleSetting, startConsoleSetting } from './harness/console-setting.ts';
import { type TcpLine, tcpLine } from './harness/tcp-line.ts';

const LARGEST_SCRIPT_BYTES = 54_000;
const LARGEST_WORDS_BYTES = 9_000;

interface Lifted {
  readonly items: readonly {
    state: string;
    rule: string;
    liftReason: string | null;
    liftedAt: string | null;
    graceUntil: string | null;
    liftedBy: string | null;
  }[];
}

let setting: ConsoleSetting;
let browser: Browser;

before(async () => {
  setting = await startConsoleSetting();
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await setting?.remove();
});

function assertClean({ strangers, errors }: Visit): void {
  assert.deepEqual(strangers, [], 'requests to other hosts');
  assert.deepEqual(errors, [], 'errors of scripts, or breaches of the content security policy');
}

const suspensionsOf = async (customer: string): Promise<Lifted['items']> => {
  const { body } = await setting.vigie.request(
    'GET',
    `/v1/suspensions?subjectKind=customer&subject=${customer}`,
  );
  return (body as Lifted).items;
};

describe('an operator with every right', () => {
  let person: Visit;
  before(async () => {
    person = await visit(browser, setting.vigie.http);
  });
  after(() => person.context.close());

  it('is told what is wrong with a token, and signs in with one that is known', async () => {
    const { page } = person;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto('/');
    await page.locator('input[name=token]').fill('vigie_unknown');
    await page.locator('button[type=submit]').click();
    await page.getByRole('alert').getByText('not known to the daemon').waitFor();
    await signIn(page, setting.tokens.admin);
    // The token stays out of addresses and of what outlives the tab.
    assert.deepEqual(
      asked.filter((url) => url.includes(setting.tokens.admin)),
      [],
    );
    const kept = await page.evaluate<string>('JSON.stringify({ ...localStorage }) + location.href');
    assert.ok(!kept.includes(setting.tokens.admin));
    await page.getByText('Nobody is suspended.').waitFor();
    await page.getByText('No alerts yet.').waitFor();
  });

  it('sees an alert and a suspension come by themselves', async () => {
    const { page } = person;
    await page.locator('.top-tools').getByText('Live').waitFor();
    await page.evaluate('window.notReloaded = true');
    // Under half answered: an alert from ten calls on, a suspension from thirty.
    setting.refusedCalls('acme', 30);
    const alerts = page.locator('#alerts').locator('xpath=ancestor::section');
    await alerts.getByText('Answered share (ASR): 0 % in 24 h, at least 50 %').first().waitFor();
    const suspended = page.locator('.suspended-row');
    await suspended.getByText('in force', { exact: true }).waitFor();
    assert.equal(await suspended.count(), 1);
    assert.match(
      await seenText(suspended),
      /^Customer acme in force outgoing calls Answered share \(ASR\): 0 % in 24 h, at least 50 % general terms 12\.1 /,
    );
    assert.ok(await page.evaluate<boolean>('window.notReloaded'));
  });

  it('reads why: the windows, the finding, its calls, and the messages of a call', async () => {
    const { page } = person;
    await page.locator('.suspended-row a').click();
    await page.getByRole('heading', { name: 'Customer acme' }).waitFor();
    await page.locator('.banner.critical').getByText('Outgoing calls are stopped').waitFor();
    const asr = page.locator('.window', { has: page.getByRole('heading', { name: 'Answered share (ASR)' }) });
    await asr.getByText('over 30 events').waitFor();
    // Two measurements make a picture.
    await asr.locator('canvas').waitFor();
    const evidence = page.locator('#evidence').locator('xpath=ancestor::section');
    await evidence.getByText('cmi.answer-seizure-ratio').waitFor();
    assert.match(await seenText(evidence), /Attempts 30 Answered 0/);
    const ladder = evidence.locator('.ladder-message');
    await ladder.first().waitFor();
    assert.deepEqual(
      await ladder
        .locator('text:not(.ladder-time)')
        .evaluateAll((texts) => texts.map((text) => text.lastChild?.textContent)),
      ['INVITE sip:33155000000@1…', '486 Busy Here', 'ACK sip:33155000000@10.0…'],
    );
    assert.deepEqual(await evidence.locator('.ladder-end').allTextContents(), [
      '192.0.2.11:5060',
      '10.0.0.1:5060',
    ]);
  });

  it('lifts with two clicks, with reason and grace', async () => {
    const { page } = person;
    let clicks = 0;
    const click = async (name: RegExp) => {
      clicks++;
      await page.getByRole('button', { name }).click();
    };
    await click(/^Lift…/);
    await click(/^Lift now$/);
    await page.locator('.banner.critical').waitFor({ state: 'detached' });
    assert.equal(clicks, 2);
    const [lifted] = await suspensionsOf('acme');
    assert.deepEqual(
      [lifted?.state, lifted?.liftReason, lifted?.liftedBy],
      ['lifted', 'Spoke with the customer', 'admin'],
    );
    const graceMs = Date.parse(lifted?.graceUntil ?? '') - Date.parse(lifted?.liftedAt ?? '');
    assert.equal(graceMs, 3_600_000);
    // The timeline has the lift as its newest entry.
    await page.locator('.timeline .row').first().getByText('lifted').waitFor();
  });

  it('suspends by hand', async () => {
    const { page } = person;
    await page.getByRole('button', { name: 'Suspend by hand…' }).click();
    await page.getByLabel('Reason').fill('Asked for by the customer');
    await page.getByRole('button', { name: 'Suspend now' }).click();
    await page.locator('.banner.critical').getByText('By hand: Asked for by the customer').waitFor();
    const open = (await suspensionsOf('acme')).filter(({ state }) => state === 'active');
    assert.deepEqual(
      open.map(({ rule }) => rule),
      ['manual'],
    );
    await page.getByRole('button', { name: /^Lift…/ }).click();
    await page.getByRole('button', { name: 'Lift now' }).click();
    await page.locator('.banner.critical').waitFor({ state: 'detached' });
  });

  it('switches a rule to observe, after being asked', async () => {
    const { page } = person;
    await page.locator('body').press('g');
    await page.locator('body').press('p');
    await page.getByRole('link', { name: 'cmi', exact: true }).click();
    const rule = page.locator('.rule', { hasText: 'cmi.transaction-rate' });
    await rule.getByText('general terms 12.1').waitFor();
    await rule.getByRole('button', { name: 'Observe' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Observe' }).click();
    await rule.locator('button.switch-observe[aria-pressed=true]').waitFor();
    const { body } = await setting.vigie.request('GET', '/v1/modes');
    const modes = new Map(
      (body as { items: { target: string; mode: string }[] }).items.map(({ target, mode }) => [target, mode]),
    );
    assert.equal(modes.get('cmi.transaction-rate'), 'observe');
    assert.equal(modes.get('cmi.answer-seizure-ratio'), 'enforce');
  });

  it('finds its way by keyboard, and help closes with Escape', async () => {
    const { page } = person;
    await page.locator('body').press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('body').press('/');
    await page.locator('input[data-search]:focus').waitFor();
    await page.keyboard.type('192.0.2.11');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Address 192.0.2.11' }).waitFor();
    assert.match(page.url(), /#\/subjects\/source\/192\.0\.2\.11$/);
  });

  it('was shown nothing from elsewhere, and no script failed', () => assertClean(person));
});

describe('a line that is cut', () => {
  let line: TcpLine;
  let person: Visit;
  before(async () => {
    line = await tcpLine(setting.vigie.http.replace('http://', ''));
    person = await visit(browser, `http://${line.address}`);
  });
  after(async () => {
    await person.context.close();
    await line.close();
  });

  it('is said, and when it is mended nothing was missed', async () => {
    const { page } = person;
    await signIn(page, setting.tokens.admin);
    await page.locator('.top-tools').getByText('Live').waitFor();
    const rows = page.locator('.suspended-row', { hasText: 'blue' });
    const before = page.locator('#alerts').locator('xpath=ancestor::section');
    assert.equal(await before.getByText('blue', { exact: true }).count(), 0);

    // One that comes while the line holds gives the stream an id to come back with.
    setting.refusedCalls('blue', 10);
    await before.getByText('blue', { exact: true }).first().waitFor();
    line.cut();
    await page.getByRole('alert').getByText('Connection lost').waitFor();
    await page.locator('.top-tools').getByText('Connection lost').waitFor();
    // What was read stays readable.
    assert.ok((await before.getByText('blue', { exact: true }).count()) > 0);

    setting.refusedCalls('blue', 20, 10);
    while (!(await suspensionsOf('blue')).some(({ state }) => state === 'active'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await rows.count(), 0);

    const again = page.waitForRequest((request) => request.url().endsWith('/v1/events'));
    line.mend();
    await page.getByRole('button', { name: 'Try now' }).click();
    assert.match((await (await again).headerValue('last-event-id')) ?? '', /^\d+$/);
    await rows.waitFor();
    await before.getByText('Suspended').first().waitFor();
    await page.getByText('Connected again; nothing was missed.').waitFor();
    await page.locator('.top-tools').getByText('Live').waitFor();
    assertClean(person);
  });
});

describe('somebody who may read only', () => {
  it('sees the buttons with the reason why they do nothing', async (t) => {
    setting.refusedCalls('crew', 30);
    const person = await visit(browser, setting.vigie.http);
    t.after(() => person.context.close());
    const { page } = person;
    await signIn(page, setting.tokens.read);
    const lift = page.getByRole('button', { name: /^Lift…/ }).first();
    await lift.waitFor();
    assert.equal(await lift.getAttribute('aria-disabled'), 'true');
    await lift.click({ force: true });
    await page.getByText('Your token may read only. Lifting needs the scope “lift”.').waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.goto('/#/policies/cmi');
    const enforce = page.getByRole('button', { name: 'Observe' }).first();
    await enforce.waitFor();
    assert.equal(await enforce.getAttribute('aria-disabled'), 'true');
    assertClean(person);
  });
});

describe('somebody who speaks French, on a telephone', () => {
  it('reads French, and nothing is wider than the screen', async (t) => {
    const person = await visit(browser, setting.vigie.http, { locale: 'fr-FR', width: 360, height: 780 });
    t.after(() => person.context.close());
    const { page } = person;
    await signIn(page, setting.tokens.lift);
    await page.getByRole('heading', { name: 'Suspendus en ce moment' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
    for (const path of [
      '/#/',
      '/#/subjects',
      '/#/subjects/customer/acme',
      '/#/policies',
      '/#/policies/cmi',
      '/#/ingest',
      '/#/directory',
    ]) {
      await page.goto(path);
      await page.locator('h2').first().waitFor();
      const { clientWidth, scrollWidth } = await page.evaluate<{ clientWidth: number; scrollWidth: number }>(
        '(({ clientWidth, scrollWidth }) => ({ clientWidth, scrollWidth }))(document.documentElement)',
      );
      assert.equal(scrollWidth, clientWidth, `${path} scrolls sideways`);
    }
    await page.getByTitle('English').click();
    await page.getByRole('heading', { name: 'Directory' }).waitFor();
    assertClean(person);
  });
});

describe('somebody who speaks French, at a desk', () => {
  it('reads rules, clauses and what would tip a limit in French, as the policy file has them', async (t) => {
    const person = await visit(browser, setting.vigie.http, { locale: 'fr-FR' });
    t.after(() => person.context.close());
    const { page } = person;
    await signIn(page, setting.tokens.admin);
    await page.goto('/#/subjects/customer/crew');
    const evidence = page.locator('#evidence').locator('xpath=ancestor::section');
    await evidence.getByText('Moins de la moitié des appels du jour reçoivent une réponse').waitFor();
    await evidence.getByText('conditions générales 12.1').waitFor();
    await page
      .getByText(/Basculerait\s: la 31e transaction en 1 s/)
      .first()
      .waitFor();
    await page.goto('/#/policies/cmi');
    const rule = page.locator('.rule', { hasText: 'cmi.transaction-rate' });
    assert.match(
      await seenText(rule),
      /^Plus de 30 transactions SIP par seconde conditions générales 12\.1 · Client · cmi\.transaction-rate .* suspendre après 3 s /,
    );
    assertClean(person);
  });
});

describe('the directory and the audit', () => {
  it('a customer is found by its name, and its page opens', async (t) => {
    const hostile = '<img src=x onerror=alert(1)> \u202eABC \u{1f98a} ' + 'x'.repeat(200);
    const { status } = await setting.vigie.request('PUT', '/v1/directory/customers/dune', { name: hostile });
    assert.equal(status, 200);
    const person = await visit(browser, setting.vigie.http, { width: 360, height: 780 });
    t.after(() => person.context.close());
    const { page } = person;
    await signIn(page, setting.tokens.lift);
    await page.locator('body').press('g');
    await page.locator('body').press('d');
    await page.getByRole('heading', { name: 'Directory' }).waitFor();
    const rows = page.locator('#entries').locator('xpath=ancestor::section').locator('.row');
    await rows.nth(3).waitFor();
    assert.equal(await rows.count(), 4);
    await page.locator('input[data-search]').fill('ONERROR');
    await rows.nth(1).waitFor({ state: 'detached' });
    assert.ok((await seenText(rows.first())).startsWith('Customer dune <img src=x onerror=alert(1)>'));
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
    await rows.getByRole('link').click();
    await page.getByRole('heading', { name: 'Customer dune' }).waitFor();
    await page.getByText('<img src=x onerror=alert(1)>').waitFor();
    await page.goto('/#/directory');
    await page.locator('input[data-search]').fill('nobody has this');
    await page.getByText('Nothing in the directory has this text.').waitFor();
    // The audit is for those who administer.
    assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
    await page.goto('/#/audit');
    await page.getByText('it needs the scope “admin”').waitFor();
    assertClean(person);
  });

  it('the audit says who did what', async (t) => {
    const person = await visit(browser, setting.vigie.http);
    t.after(() => person.context.close());
    const { page } = person;
    await signIn(page, setting.tokens.admin);
    await page.goto('/#/audit');
    await page.getByLabel('By people').check();
    const write = page.locator('.row', { hasText: 'Wrote a customer' }).first();
    assert.match(await seenText(write), /200 Wrote a customer admin \/v1\/directory\/customers\/dune /);
    await page.locator('.row', { hasText: 'Lifted a suspension' }).first().waitFor();
    assert.equal(await page.locator('.row', { hasText: 'notices queued' }).count(), 0);
    await page.getByLabel('All', { exact: true }).check();
    await page
      .locator('.row', { hasText: 'proposed' })
      .filter({ hasText: /Answered share \(ASR\): 0\s%, at\sleast\s50\s%/ })
      .first()
      .waitFor();
    assertClean(person);
  });
});

describe('a night with thousands of suspensions and alerts', () => {
  it('shows some, says that there are more, and reads on when asked', async (t) => {
    const person = await visit(browser, setting.vigie.http);
    t.after(() => person.context.close());
    const { page } = person;
    const [sample] = await suspensionsOf('acme');
    const { body } = await setting.vigie.request('GET', '/v1/alerts?limit=1');
    const [alert] = (body as { items: { finding: object }[] }).items;
    const suspension = (i: number) => ({
      ...sample,
      id: `s${i}`,
      state: 'active',
      subject: { kind: 'customer', id: `c${i}` },
      proposedAt: new Date(Date.now() - i * 1_000).toISOString(),
    });
    await page.route('**/v1/suspensions?open=true**', (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
      const items = Array.from({ length: 500 }, (_, i) => suspension(from + i));
      return route.fulfill({ json: { items, cursor: from + 500 < 5_000 ? String(from + 500) : null } });
    });
    const events = Array.from({ length: 5_000 }, (_, i) => {
      const came = {
        ...alert,
        entry: `${Date.now()}-${i}`,
        recordedAt: new Date().toISOString(),
        finding: { ...alert!.finding, subject: { kind: 'line', id: `3319${i}` } },
      };
      return `id: ${i}\nevent: alert\ndata: ${JSON.stringify(came)}\n\n`;
    });
    let streams = 0;
    await page.route('**/v1/events', (route) =>
      streams++ === 0
        ? route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body: events.join('') })
        : route.abort(),
    );
    await signIn(page, setting.tokens.admin);
    const rows = page.locator('.suspended-row');
    await rows.nth(49).waitFor();
    assert.equal(await rows.count(), 50);
    await page.locator('nav .count', { hasText: '500+' }).waitFor();
    await page.locator('.alerts').getByText('33194999').waitFor();
    assert.equal(await page.locator('.alerts .row').count(), 25);
    await page.locator('.tile', { hasText: /500\+\s*alerts in the last hour/ }).waitFor();
    const more = page
      .locator('#suspended')
      .locator('xpath=ancestor::section')
      .getByRole('button', { name: 'Show more' });
    for (let shown = 100; shown <= 550; shown += 50) {
      await more.click();
      await rows.nth(shown - 1).waitFor();
    }
    await rows.getByText('c549', { exact: true }).waitFor();
    await page.locator('nav .count', { hasText: '1,000+' }).waitFor();
    assertClean(person);
  });
});

describe('what is sent to the browser', () => {
  const assets = new URL('../console/dist/assets/', import.meta.url);
  const sizesOf = (ending: string): number[] => {
    const names = readdirSync(assets).filter((name) => name.endsWith(ending));
    assert.ok(names.length > 0);
    return names.map((name) => gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length);
  };

  it(`is less than ${LARGEST_SCRIPT_BYTES} bytes of script and ${LARGEST_WORDS_BYTES} of words, compressed`, () => {
    const script = sizesOf('.js').reduce((sum, one) => sum + one, 0);
    assert.ok(script < LARGEST_SCRIPT_BYTES, `${script} bytes`);
    const words = sizesOf('.json');
    assert.equal(words.length, 2);
    assert.ok(Math.max(...words) < LARGEST_WORDS_BYTES, `${words} bytes`);
  });

  it('goes out compressed, and the words of one language only', async (t) => {
    const person = await visit(browser, setting.vigie.http);
    t.after(() => person.context.close());
    const asked: string[] = [];
    person.page.on('response', (answer) => {
      if (answer.url().includes('/assets/') && answer.headers()['content-encoding'] === 'gzip')
        asked.push(answer.url().replace(/.*\/assets\/|-[\w-]{8}(?=\.)/g, ''));
    });
    await signIn(person.page, setting.tokens.read);
    assert.deepEqual(asked.toSorted(), ['index.css', 'index.js', 'words-en.json']);
  });

  it('forbids anything from elsewhere', async () => {
    const answer = await fetch(`${setting.vigie.http}/`);
    assert.equal(answer.status, 200);
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';/,
    );
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    const script = /src="(\/assets\/[^"]+)"/.exec(await answer.text())?.[1];
    const kept = await fetch(`${setting.vigie.http}${script}`);
    assert.equal(kept.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  });
});
