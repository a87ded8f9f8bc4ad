import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from './compare.ts';
import { reportHtml } from './report-html.ts';
import { reportMarkdown } from './report-text.ts';

const COMPARISON: Comparison = {
  date: '2026-01-02',
  machine: '2 × a processor, Linux 6',
  runs: 3,
  each: 50,
  contenders: [
    { name: 'one', title: 'One <1>' },
    { name: 'two', title: 'Two' },
  ],
  missing: ['Three: three'],
  rows: [
    {
      name: 'power-loss',
      title: 'power is lost',
      cells: [
        {
          contender: 'one',
          fault: '',
          figures: {
            silenceMs: 210,
            freshSent: 800,
            freshFailed: 2,
            keptSent: 90,
            keptFailed: 1,
            lost: { ping: 1, idle: 2, push: 3 },
            opened: 150,
            datagrams: { sent: 90, lost: 7 },
            twoOwnersMs: 40,
            noOwnerMs: 160,
            moves: 1,
            ownStallMs: 3,
          },
          timeline: {
            faultMs: 2_000,
            endMs: 10_000,
            failedMs: [2_010, 2_020],
            owners: [
              { atMs: 0, macs: ['a'] },
              { atMs: 2_000, macs: [] },
              { atMs: 2_200, macs: ['b'] },
            ],
          },
        },
        { contender: 'two', fault: 'it did not start', figures: null, timeline: null },
      ],
    },
  ],
};

test('reportMarkdown: a table for each scenario, and who could not be run', () => {
  const text = reportMarkdown(COMPARISON);
  assert.match(text, /### power-loss: power is lost/);
  assert.match(
    text,
    /\| One <1> \| 0\.21 \| 2 of 800 \| 1 of 90 \| 1 \+ 2 \+ 3 of 150 \| 7 of 90 \| 0\.04 \|/,
  );
  assert.match(text, /\| Two \| not run: it did not start \|/);
  assert.match(text, /\| power-loss \| 0\.21 s, 6 lost \| not run \|/);
  assert.match(text, /Left out, not installed: Three: three\./);
});

test('reportHtml: needs nothing from elsewhere, and escapes what it is given', () => {
  const page = reportHtml(COMPARISON);
  assert.doesNotMatch(page, /https?:|src=|@import/);
  assert.match(page, /One &lt;1&gt;/);
  assert.match(page, /<svg/);
});
