import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { projectRoot } from '../project-root.js';

/** Debian's, unless another one is named. */
export const browserPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

const folder = join(projectRoot, 'dist/screenshots');

export async function launch(): Promise<Browser> {
  mkdirSync(folder, { recursive: true });
  return await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A tab of its own session, and what went wrong in it. */
export interface Tab {
  readonly page: Page;
  /** Errors of the console and of scripts, and every address outside the page's own server. */
  readonly troubles: string[];
}

export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('https://127.0.0.1:')) troubles.push(`asked for ${request.url()}`);
  });
  return { page, troubles };
}

/** Of the whole page, or only of what the window shows: a plot that is out of sight is not drawn. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}
