// Links between the documents lead to files and headings that are there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { allPages, proseOf, ROOT } from './pages.ts';
import type { Page } from './pages.ts';

const pages = allPages();

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: Page): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** What is wrong with a link of `page`; "" where nothing is. */
function fault(page: Page, link: string): string {
  const [path = '', anchor = ''] = link.split('#');
  const target = path === '' ? page.path : normalize(join(dirname(page.path), path));
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  const linked = pages.find((candidate) => candidate.path === target);
  if (anchor === '' || linked === undefined || anchorsOf(linked).has(anchor)) return '';
  return `${link}: ${target} has no such heading`;
}

for (const page of pages) {
  test(`the links of ${page.path} lead somewhere`, () => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const own = links.filter((link) => !/^[a-z]+:/.test(link));
    assert.deepEqual(own.map((link) => fault(page, link)).filter((text) => text !== ''), []);
  });
}

test('the index links every page of docs', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md')!;
  for (const { path } of pages) {
    if (!path.startsWith('docs/') || path === index.path) continue;
    assert.ok(index.text.includes(`](${path.slice('docs/'.length)})`), path);
  }
});
