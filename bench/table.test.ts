import assert from 'node:assert/strict';
import test from 'node:test';
import { withFigures } from './report.ts';
import type { RowResult, RunResult, Sample } from './result.ts';
import { markdown, terminalTable } from './table.ts';

const sample = (value: number): Sample => ({
  value,
  problem: null,
  requests: 1_000,
  requestsPerSecond: 50_000,
  coreShare: 0.98,
  userShare: 0.2,
  othersShare: 0.01,
  stealShare: 0,
  p50Us: 1,
  p99Us: 2,
  p999Us: 3,
  loggedShare: null,
  memoryMib: null,
});

function row(ratio: number, limit: number): RowResult {
  const one = (id: string, value: number) => ({
    id,
    title: id,
    summary: { median: value, min: value - 1, max: value + 1 },
    samples: [sample(value)],
  });
  return {
    id: 'small',
    title: 'small answers',
    unit: 'µs / request',
    note: '',
    rate: null,
    variants: [one('ballast', ratio * 20), one('haproxy', 20)],
    ratios: [
      {
        of: 'ballast',
        to: 'haproxy',
        median: ratio,
        min: ratio,
        max: ratio,
        limit,
        isMet: ratio <= limit,
      },
    ],
  };
}

const run = (rows: readonly RowResult[]): RunResult => ({
  date: '2026-01-02T03:04:05.000Z',
  machine: {
    processor: 'a processor',
    cores: 2,
    architecture: 'x64',
    kernel: '6.1',
    memoryGib: 8,
    distribution: 'a system',
    isVirtual: true,
    node: '26.0.0',
  },
  versions: { haproxy: '2.6' },
  rounds: 5,
  seconds: 3,
  warmupSeconds: 2,
  core: 0,
  noise: { before: { median: 10, min: 9, max: 11 }, after: null },
  rows,
});

test('both tables say of a target whether it is met or missed', () => {
  const both = run([row(0.8, 0.85), row(0.9, 0.85)]);
  assert.match(terminalTable(both), /0\.80 .*target ≤ 0\.85: met/);
  assert.match(terminalTable(both), /0\.90 .*target ≤ 0\.85: missed/);
  assert.match(markdown(both), /\*\*0\.90\*\* .*≤ 0\.85 \| \*\*missed\*\*/);
});

test('both tables say where there is no figure, and why', () => {
  const failed = { ...sample(1), value: null, problem: '3 failed requests' };
  const whole = row(0.8, 0.85);
  const broken: RowResult = {
    ...whole,
    ratios: [],
    variants: [{ id: 'ballast', title: 'ballast', summary: null, samples: [failed] }],
  };
  assert.match(terminalTable(run([broken])), /no figure[^]*3 failed requests/);
  assert.match(markdown(run([broken])), /1 of 1 samples not valid: 3 failed requests/);
});

test('withFigures replaces what stands between the markers and nothing else', () => {
  const page = 'a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb\n';
  const expected = 'a\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nb\n';
  assert.equal(withFigures(page, 'new\n'), expected);
  assert.throws(() => withFigures('no markers', 'new'), /figures: begin/);
});

test('both tables warn where other processes had a share of the core', () => {
  const quiet = run([row(0.8, 0.85)]);
  assert.doesNotMatch(terminalTable(quiet), /other processes/);
  const [first] = quiet.rows;
  const [ballast] = first!.variants;
  const shared = { ...ballast!, samples: [{ ...sample(16), othersShare: 0.31 }] };
  const loud = run([{ ...first!, variants: [shared] }]);
  assert.match(terminalTable(loud), /other processes .*31 %/);
  assert.match(markdown(loud), /other processes .*31 %/);
});

test('a limit to two variants is judged by the one that is further from being met', () => {
  const whole = row(0.7, 1.11);
  const [first] = whole.ratios;
  const worse = { ...first!, to: 'haproxy-splice', median: 1.3, isMet: false };
  const text = markdown(run([{ ...whole, ratios: [worse, first!] }]));
  assert.match(text, /\*\*1\.30\*\* .*≤ 1\.11 \| \*\*missed\*\* \(ballast \/ haproxy-splice\)/);
  assert.match(text, /- small: ballast \/ haproxy = 0\.70/);
});
