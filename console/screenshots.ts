/**
 * `node console/screenshots.ts`: pictures of every page, light and dark, of the demo as it stands after its first suspension,
 * into docs/screenshots/. The console must be built (npm run build:console). Pictures are no larger than 150 kB.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startChild, waitFor } from '../test/harness/child.ts';
import { signIn, startChromium, visit } from '../test/harness/chromium.ts';
import { smallPng } from './small-png.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'docs/screenshots');
const LARGEST_BYTES = 150_000;
const PATIENCE_MS = 120_000;

interface Picture {
  readonly name: string;
  readonly address: string;
  /** There when the page is complete. */
  readonly sign: string;
  readonly act?: (page: Page) => Promise<void>;
  /** The whole page, however long. */
  readonly whole?: boolean;
}

function picturesOf(subject: string): readonly Picture[] {
  const drawn = async (page: Page): Promise<void> => {
    // A line needs a few measurements, two seconds apart.
    for (let i = 0; i < 8; i++) await page.waitForResponse((answer) => answer.url().endsWith(subject));
  };
  return [
    { name: 'overview', address: '/#/', sign: '.suspended-row' },
    { name: 'subject', address: `/#/subjects/${subject}`, sign: '.ladder-message', act: drawn, whole: true },
    {
      name: 'lift',
      address: `/#/subjects/${subject}`,
      sign: '.ladder-message',
      act: (page) => page.locator('button.lift').first().click(),
    },
    { name: 'subjects', address: '/#/subjects', sign: 'tbody tr' },
    { name: 'directory', address: '/#/directory', sign: '.row' },
    { name: 'audit', address: '/#/audit', sign: '.row' },
    { name: 'policies', address: '/#/policies', sign: '.card' },
    { name: 'policy', address: '/#/policies/cmi', sign: '.rule' },
    {
      name: 'ingest',
      address: '/#/ingest',
      sign: '.check-row',
      act: async (page) => {
        for (let i = 0; i < 6; i++)
          await page.waitForResponse((answer) => answer.url().endsWith('/v1/ingest'));
      },
    },
  ];
}

async function save(page: Page, name: string, fullPage = false): Promise<void> {
  const path = join(target, `${name}.png`);
  const picture = smallPng(await page.screenshot({ fullPage }));
  if (picture.length > LARGEST_BYTES)
    throw new Error(`${path} would have ${picture.length} bytes, more than ${LARGEST_BYTES}`);
  writeFileSync(path, picture);
  process.stdout.write(`${path} ${picture.length}\n`);
}

mkdirSync(target, { recursive: true });
const directory = mkdtempSync(join(tmpdir(), 'vigie-pictures-'));
const demo = startChild(join(root, 'cli/vigie'), ['demo', '--directory', directory]);
const browser = await startChromium();
try {
  // The second suspension, so that there is something to see.
  await waitFor('two suspensions', () => demo.log().split(' SUSPENDED ').length > 2, demo, PATIENCE_MS);
  const [, origin, token] = /console +(http:\S+)\/\n +sign in with +(\S+)/.exec(demo.log()) ?? [];
  const subject = / SUSPENDED +customer (\S+) /.exec(demo.log())?.[1];
  if (origin === undefined || token === undefined || subject === undefined) throw new Error(demo.log());
  const people = [
    ['light', { theme: 'light' }],
    ['dark', { theme: 'dark' }],
    ['phone', { theme: 'light', width: 390, height: 844, locale: 'fr-FR' }],
  ] as const;
  for (const [suffix, options] of people) {
    const { context, page } = await visit(browser, origin, options);
    await page.goto('/');
    await page.locator('input[name=token]').waitFor();
    await save(page, `sign-in-${suffix}`);
    await signIn(page, token);
    for (const { name, address, sign, act, whole } of picturesOf(`customer/${subject}`)) {
      await page.goto(address);
      await page.locator(sign).first().waitFor();
      await act?.(page);
      await save(page, `${name}-${suffix}`, whole);
      await page.keyboard.press('Escape');
    }
    await context.close();
  }
} finally {
  await browser.close();
  await demo.stop('SIGINT', 20_000);
  rmSync(directory, { recursive: true, force: true });
}
