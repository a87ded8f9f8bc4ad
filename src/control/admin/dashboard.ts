/** The dashboard: one page in one file, which asks nothing of anybody but this server. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';

const PAGE_FILE = new URL('./dashboard.html', import.meta.url);

type Page = { readonly html: string; readonly policy: string };

let page: Page | null = null;

/** GET / and GET /ui. */
export function addDashboard(app: Hono): void {
  for (const path of ['/', '/ui']) {
    app.get(path, (context) => {
      page ??= readPage(readFileSync(PAGE_FILE, 'utf8'));
      context.header('content-security-policy', page.policy);
      context.header('x-frame-options', 'DENY');
      context.header('referrer-policy', 'no-referrer');
      context.header('cross-origin-opener-policy', 'same-origin');
      context.header('cross-origin-resource-policy', 'same-origin');
      return context.html(page.html);
    });
  }
}

/**
 * The page with its policy: its own script and its own style run, known by their hashes, and nothing
 * else does, whatever a name in the configuration holds.
 */
export function readPage(html: string): Page {
  const hashes = (tag: string): string =>
    [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes('script')}`,
    `style-src ${hashes('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return { html, policy };
}
