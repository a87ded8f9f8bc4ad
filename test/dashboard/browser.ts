/** Debian's Chromium without a window, for tests and pictures of the dashboard. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why tests with a browser cannot run here; false where they can. */
export const browserSkip: string | false = existsSync(PROGRAM)
  ? false
  : `${PROGRAM} is not there (Debian package chromium)`;

export type View = {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
};

export const DESKTOP: View = { width: 1280, height: 900, scheme: 'light' };
/** The narrowest telephones that are in use. */
export const TELEPHONE: View = { width: 360, height: 740, scheme: 'light' };

/** One browser with one page, and everything that it complained of or asked for. */
export class Browser implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of the console and exceptions of the page. */
  readonly faults: string[] = [];
  /** Addresses that it asked, in order. */
  readonly asked: string[] = [];
  readonly #folder: string;

  private constructor(context: BrowserContext, page: Page, folder: string) {
    this.context = context;
    this.page = page;
    this.#folder = folder;
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.faults.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    context.on('request', (request) => this.asked.push(request.url()));
  }

  static async start({ width, height, scheme }: View = DESKTOP): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-browser-'));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: PROGRAM,
      headless: true,
      args: FLAGS,
      viewport: { width, height },
      colorScheme: scheme,
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    const page = context.pages()[0] ?? (await context.newPage());
    return new Browser(context, page, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
