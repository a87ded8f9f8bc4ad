// Links between the documents lead to headings that are there, and the index has every page.
import assert from 'node:assert/strict';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { allPages, proseOf } from './pages.ts';
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

/** Whether a link of `page` with an anchor leads to a heading; links to other files count as good. */
function leadsSomewhere(page: Page, link: string): boolean {
  const [path = '', anchor = ''] = link.split('#');
  const target = path === '' ? page.path : normalize(join(dirname(page.path), path));
  const linked = pages.find((candidate) => candidate.path === target);
  return anchor === '' || linked === undefined || anchorsOf(linked).has(anchor);
}

test('links to headings of the documents lead to one', () => {
  const faults: string[] = [];
  let anchors = 0;
  for (const page of pages) {
    for (const [, link = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      if (link.includes('#')) anchors += 1;
      if (!leadsSomewhere(page, link)) faults.push(`${page.path}: ${link}`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(anchors > 20, `${anchors}`);
});

test('the index links every page of docs', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md')!;
  for (const { path } of pages) {
    if (!path.startsWith('docs/') || path === index.path) continue;
    assert.ok(index.text.includes(`](${path.slice('docs/'.length)})`), path);
  }
});
