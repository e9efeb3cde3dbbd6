/** Every page of the console in both themes, looked at by axe-core (WCAG 2.2 A and AA, and its best practices). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { signIn, startChromium, type Visit, visit } from './harness/chromium.ts';
import { type ConsoleSetting, startConsoleSetting } from './harness/console-setting.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Address, and what is there when the page is complete. */
const pages: readonly (readonly [string, string])[] = [
  ['/#/', '.suspended-row'],
  ['/#/subjects', 'tbody tr'],
  ['/#/subjects/customer/acme', '.ladder-message'],
  ['/#/subjects/customer/nobody-knows', 'h1'],
  ['/#/policies', '.card'],
  ['/#/policies/cmi', '.rule'],
  ['/#/ingest', '.check-row'],
  ['/#/directory', '.row'],
  ['/#/audit', '.row'],
];

let setting: ConsoleSetting;
let browser: Browser;

before(async () => {
  setting = await startConsoleSetting();
  setting.refusedCalls('acme', 30);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await setting?.remove();
});

async function assertAccessible(page: Page, what: string): Promise<void> {
  const { violations, passes } = await page.evaluate<AxeResults>(
    `${axe}; axe.run(document, { resultTypes: ['violations'] })`,
  );
  assert.ok(passes.length > 10, `${what}: axe has looked`);
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]),
    [],
    what,
  );
}

for (const theme of ['light', 'dark'] as const) {
  describe(theme, () => {
    let person: Visit;
    before(async () => {
      person = await visit(browser, setting.vigie.http, { theme });
      await signIn(person.page, setting.tokens.admin);
    });
    after(() => person.context.close());

    it('sign-in, and its error', async () => {
      const { page, context } = await visit(browser, setting.vigie.http, { theme });
      await page.goto('/');
      await page.locator('input[name=token]').waitFor();
      await assertAccessible(page, 'sign-in');
      await page.locator('button[type=submit]').click();
      await page.getByRole('alert').waitFor();
      await assertAccessible(page, 'sign-in with an error');
      await context.close();
    });

    for (const [address, sign] of pages) {
      it(address, async () => {
        const { page } = person;
        await page.goto(address);
        await page.locator(sign).first().waitFor();
        await assertAccessible(page, address);
      });
    }

    it('dialogs: lift, suspend by hand, a change of mode, help', async () => {
      const { page } = person;
      const closed = () => page.getByRole('dialog').waitFor({ state: 'detached' });
      const open: readonly (readonly [string, () => Promise<void>])[] = [
        ['/#/subjects/customer/acme', () => page.getByRole('button', { name: /^Lift…/ }).click()],
        ['/#/subjects/customer/acme', () => page.getByRole('button', { name: /^Suspend by hand…/ }).click()],
        ['/#/policies/cmi', () => page.locator('.rule button.switch-observe').first().click()],
        ['/#/policies/cmi', () => page.locator('body').press('?')],
      ];
      for (const [address, act] of open) {
        await page.goto(address);
        await act();
        await page.getByRole('dialog').waitFor();
        await assertAccessible(page, `a dialog of ${address}`);
        await page.keyboard.press('Escape');
        await closed();
      }
    });

    it('a lost connection', async () => {
      const { page } = person;
      await page.goto('/#/');
      await page.route('**/v1/events', (route) => route.abort());
      await page.reload();
      await page.getByRole('alert').getByText('Connection lost').waitFor();
      await assertAccessible(page, 'a lost connection');
    });
  });
}
