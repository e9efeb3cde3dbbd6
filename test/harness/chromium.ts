/** A real Chromium without a window. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

/** Nothing is asserted of the time; what does not come is given up. */
const PATIENCE_MS = 20_000;

export type Theme = 'light' | 'dark';

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Addresses that were asked for outside the daemon under test; must stay empty. */
  readonly strangers: string[];
  /** Errors of scripts and of the console, among them breaches of the content security policy. */
  readonly errors: string[];
}

export interface VisitOptions {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly locale?: string;
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium refuses to run as root with its sandbox; the pages are our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** A person with a fresh browser profile at `origin`. */
export async function visit(browser: Browser, origin: string, options: VisitOptions = {}): Promise<Visit> {
  const { theme = 'light', width = 1280, height = 900, locale = 'en-GB' } = options;
  const context = await browser.newContext({
    baseURL: origin,
    colorScheme: theme,
    locale,
    viewport: { width, height },
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const strangers: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) strangers.push(url);
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // A failed request is said by the console too; what a test makes fail is no error of the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      errors.push(message.text());
  });
  return { context, page, strangers, errors };
}

export async function signIn(page: Page, token: string): Promise<void> {
  await page.goto('/');
  await page.locator('input[name=token]').fill(token);
  await page.locator('button[type=submit]').click();
  await page.locator('.tiles').waitFor();
}

/** Text as it is seen, white space as one blank. */
export async function seenText(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: words of neighbouring elements would run together
  return (await locator.innerText()).replaceAll(/\s+/g, ' ');
}
