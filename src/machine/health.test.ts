import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBE_GAP_MS_MIN, START_SPREAD_MS_MAX, initialHealth, step } from './health.ts';
import type { HealthEvent, HealthPolicy, HealthState, HealthStep, Observed } from './health.ts';

const POLICY: HealthPolicy = {
  everyMs: 1000,
  downEveryMs: 400,
  changingEveryMs: 200,
  rise: 3,
  fall: 2,
  jitterPercent: 0,
};

const PASSED: HealthEvent = { kind: 'passed', detail: 'status 200', random: 0.5 };
const FAILED: HealthEvent = { kind: 'failed', reason: 'timeout', detail: 'late', random: 0.5 };
const LOCAL: HealthEvent = {
  kind: 'inconclusive',
  reason: 'local-resources',
  detail: 'EMFILE',
  random: 0.5,
};

/** The state after probes of these results: p passed, f failed, i inconclusive. */
function after(results: string, policy: HealthPolicy = POLICY): HealthState {
  let state = initialHealth(policy, 0);
  for (const result of results) state = probed(state, result).state;
  return state;
}

function probed(state: HealthState, result: string, now = 0): HealthStep {
  const event = result === 'p' ? PASSED : result === 'f' ? FAILED : LOCAL;
  return step(step(state, { kind: 'tick' }, now).state, event, now);
}

const TABLE: readonly (readonly [string, Observed, number])[] = [
  ['', 'unknown', 0],
  ['p', 'up', 0],
  ['f', 'down', 0],
  ['i', 'unknown', 0],
  ['ip', 'up', 0],
  ['pf', 'falling', 1],
  ['pfp', 'up', 0],
  ['pff', 'down', 0],
  ['pfi', 'falling', 1],
  ['pfif', 'down', 0],
  ['pfpf', 'falling', 1],
  ['fp', 'rising', 1],
  ['fpp', 'rising', 2],
  ['fppf', 'down', 0],
  ['fppi', 'rising', 2],
  ['fppp', 'up', 0],
  ['fppfpp', 'rising', 2],
];

for (const [results, observed, streak] of TABLE) {
  test(`health step after "${results}" (rise 3, fall 2) is ${observed}(${streak})`, () => {
    const state = after(results);
    assert.equal(state.observed, observed);
    assert.equal(state.streak, streak);
  });
}

test('health step takes an assumed state for no verdict: the first result decides at once', () => {
  for (const assumed of ['up', 'down', 'unknown'] as const) {
    const state = initialHealth(POLICY, 0, assumed);
    assert.equal(state.observed, assumed);
    assert.equal(probed(state, 'i').state.observed, assumed);
    assert.equal(probed(probed(state, 'i').state, 'f').state.observed, 'down');
    assert.equal(probed(state, 'p').state.observed, 'up');
    assert.equal(probed(state, 'f').state.observed, 'down');
  }
  // From then on rise and fall count.
  const up = probed(initialHealth(POLICY, 0, 'up'), 'p').state;
  assert.equal(probed(up, 'f').state.observed, 'falling');
  const down = probed(initialHealth(POLICY, 0, 'down'), 'f').state;
  assert.equal(probed(down, 'p').state.observed, 'rising');
});

test('health step that confirms an assumed state changes the reason and reports no change', () => {
  const result = probed(initialHealth(POLICY, 0, 'up'), 'p', 70);
  assert.equal(result.state.reason, 'check-passed');
  assert.equal(result.state.sinceMs, 0);
  assert.deepEqual(result.effects, [{ kind: 'arm', atMs: 1070 }]);
  // Before the first verdict the wait is the short one, whatever is assumed.
  const open = probed(initialHealth(POLICY, 0, 'up'), 'i', 70);
  assert.equal(open.state.reason, 'not-probed');
  assert.deepEqual(open.effects, [{ kind: 'arm', atMs: 270 }]);
});

test('health step tells why what was assumed to be down is down', () => {
  const { effects } = probed(initialHealth(POLICY, 0, 'down'), 'f', 70);
  const changed = effects.find((effect) => effect.kind === 'changed');
  assert.deepEqual([changed?.from, changed?.to], ['down', 'down']);
});

test('health step with fall 1 leads from up straight to down, with rise 1 back', () => {
  const policy = { ...POLICY, rise: 1, fall: 1 };
  assert.equal(after('pf', policy).observed, 'down');
  assert.equal(after('pfp', policy).observed, 'up');
});

test('health step reports each change of state once, with its reason', () => {
  const changes = (result: HealthStep): unknown[] =>
    result.effects.filter((effect) => effect.kind === 'changed');
  assert.deepEqual(changes(probed(after('p'), 'f')), [
    { kind: 'changed', from: 'up', to: 'falling', reason: 'timeout', detail: 'late' },
  ]);
  assert.deepEqual(changes(probed(after('fpp'), 'p')), [
    { kind: 'changed', from: 'rising', to: 'up', reason: 'check-passed', detail: 'status 200' },
  ]);
  assert.deepEqual(changes(probed(after('fp'), 'p')), []);
  assert.deepEqual(changes(probed(after('p'), 'i')), []);
});

test('health step keeps the reason and the time of the change until the next change', () => {
  const down = probed(after('pf'), 'f', 50).state;
  const still = probed(down, 'f', 90).state;
  assert.equal(still.sinceMs, 50);
  assert.equal(still.reason, 'timeout');
});

const WAITS: readonly (readonly [string, number])[] = [
  ['p', 1000],
  ['f', 400],
  ['pf', 200],
  ['fp', 200],
  ['i', 200],
  ['pi', 1000],
];

for (const [results, waitMs] of WAITS) {
  test(`health step after "${results}" waits ${waitMs} ms from the start of the probe`, () => {
    const before = after(results.slice(0, -1));
    const asked = step(before, { kind: 'tick' }, 5000).state;
    const event = results.endsWith('p') ? PASSED : results.endsWith('f') ? FAILED : LOCAL;
    const { effects } = step(asked, event, 5030);
    assert.deepEqual(effects.at(-1), { kind: 'arm', atMs: 5000 + waitMs });
  });
}

test('health step leaves a gap after a result that came later than the interval', () => {
  const asked = step(after('p'), { kind: 'tick' }, 0).state;
  const { effects } = step(asked, PASSED, 7000);
  assert.deepEqual(effects, [{ kind: 'arm', atMs: 7000 + PROBE_GAP_MS_MIN }]);
});

test('health step spreads each wait by the jitter either way', () => {
  const policy = { ...POLICY, jitterPercent: 20 };
  const asked = step(after('p', policy), { kind: 'tick' }, 0).state;
  const waitAt = (random: number): number => {
    const arm = step(asked, { ...PASSED, random }, 1).effects[0]!;
    assert.equal(arm.kind, 'arm');
    return arm.kind === 'arm' ? arm.atMs : 0;
  };
  assert.equal(waitAt(0), 800);
  assert.equal(waitAt(0.5), 1000);
  assert.equal(waitAt(0.75), 1100);
});

test('health step begins within the interval and within the spread limit', () => {
  const start = { kind: 'start', random: 0.5 } as const;
  const slow = { ...POLICY, everyMs: 60_000, changingEveryMs: 60_000 };
  assert.deepEqual(step(initialHealth(slow, 10), start, 10).effects, [
    { kind: 'arm', atMs: 10 + START_SPREAD_MS_MAX / 2 },
  ]);
  const quick = { ...POLICY, everyMs: 50, changingEveryMs: 50 };
  assert.deepEqual(step(initialHealth(quick, 10), start, 10).effects, [{ kind: 'arm', atMs: 35 }]);
});

test('health step asks for one probe at a time and ignores a result nobody asked for', () => {
  const idle = after('p');
  assert.deepEqual(step(idle, FAILED, 0), { state: idle, effects: [] });
  const asked = step(idle, { kind: 'tick' }, 0);
  assert.deepEqual(asked.effects, [{ kind: 'probe' }]);
  assert.deepEqual(step(asked.state, { kind: 'tick' }, 1).effects, []);
});

test('health step retune keeps the verdict and counts the wait anew from the last probe', () => {
  const up = probed(after('p'), 'p', 1000).state;
  const policy = { ...POLICY, everyMs: 300 };
  const soon = step(up, { kind: 'retune', policy, random: 0.5 }, 1010);
  assert.equal(soon.state.observed, 'up');
  assert.deepEqual(soon.effects, [{ kind: 'arm', atMs: 1300 }]);
  const overdue = step(up, { kind: 'retune', policy, random: 0.5 }, 1900);
  assert.deepEqual(overdue.effects, [{ kind: 'arm', atMs: 1900 + 150 }]);
});

test('health step retune during a probe arms no second timer', () => {
  const asked = step(after('p'), { kind: 'tick' }, 0).state;
  const retuned = step(asked, { kind: 'retune', policy: POLICY, random: 0.5 }, 1);
  assert.deepEqual(retuned.effects, []);
  assert.equal(retuned.state.isProbing, true);
});
