// Random histories of clusters of two and three nodes: never two owners for longer than the bound,
// and one owner soon after everything is repaired. A seed that fails is printed, and goes below.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_OWNER_MS_MAX, runHistory, SETTLE_MS, TWO_OWNERS_MS_MAX } from './history-testkit.ts';
import type { Verdict } from './history-testkit.ts';

const HISTORIES = Number(process.env['BALLAST_HISTORIES'] ?? 10_000);

/** Seeds that have failed once. */
const REGRESSIONS: readonly number[] = [];

function check(seed: number): Verdict {
  const verdict = runHistory(seed);
  const { fault, log } = verdict;
  if (fault !== '') assert.fail(`seed ${seed}: ${fault}\n${log.join('\n')}`);
  return verdict;
}

test('elections: histories that have failed once hold', () => {
  for (const seed of REGRESSIONS) check(seed);
});

test(
  `elections: in ${HISTORIES} histories two owners for ${TWO_OWNERS_MS_MAX} ms at most, none for ` +
    `${NO_OWNER_MS_MAX} ms while all is well, one from ${SETTLE_MS} ms after the repair on`,
  (t) => {
    const first = Number(process.env['BALLAST_SEED'] ?? 1);
    let two = 0;
    let none = 0;
    for (let seed = first; seed < first + HISTORIES; seed++) {
      const { longestTwoMs, longestNoneMs } = check(seed);
      two = Math.max(two, longestTwoMs);
      none = Math.max(none, longestNoneMs);
    }
    t.diagnostic(
      `longest time with two owners ${two.toFixed(0)} ms, with none ${none.toFixed(0)} ms`,
    );
  },
);
