import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ejectedMost, phaseOf, step, tenthsOf, WELL } from './passive.ts';
import type { PassiveEvent, PassivePolicy, PassiveState } from './passive.ts';

const POLICY: PassivePolicy = { failures: 3, ejectMs: 10_000, ejectMaxMs: 60_000 };

/** The state after events at times in tenths of a second, and the effects. */
function run(
  events: readonly (readonly [PassiveEvent, number])[],
  from: PassiveState = WELL,
): { state: PassiveState; effects: string[] } {
  let state = from;
  const effects: string[] = [];
  for (const [event, now] of events) {
    const next = step(state, event, POLICY, now);
    state = next.state;
    if (next.effect !== 'none') effects.push(`${next.effect}@${now}`);
  }
  return { state, effects };
}

const failuresAt = (now: number, count: number): (readonly [PassiveEvent, number])[] =>
  Array.from({ length: count }, () => ['failure', now] as const);

describe('passive health', () => {
  it('ejects after so many failures in a row, and a success between them begins anew', () => {
    const one = run([...failuresAt(100, 2), ['success', 100], ...failuresAt(100, 2)]);
    assert.deepEqual(one, { state: { failures: 2, until: 0, ejections: 0 }, effects: [] });
    const { state, effects } = run(failuresAt(100, 3));
    assert.deepEqual(state, { failures: -1, until: 200, ejections: 1 });
    assert.deepEqual(effects, ['eject@100']);
  });

  it('takes no notice of what still ends while a server is ejected', () => {
    const ejected = run(failuresAt(100, 3)).state;
    for (const event of ['failure', 'success'] as const) {
      assert.deepEqual(step(ejected, event, POLICY, 199), { state: ejected, effect: 'none' });
    }
    assert.equal(phaseOf(ejected, 199), 'ejected');
    assert.equal(phaseOf(ejected, 200), 'trial');
  });

  it('ejects at the first failure of a trial, for twice as long, up to the limit', () => {
    const lengths: number[] = [];
    let state = run(failuresAt(100, 3)).state;
    for (let i = 0; i < 6; i++) {
      const now = state.until + 5;
      const next = step(state, 'failure', POLICY, now);
      assert.equal(next.effect, 'eject');
      lengths.push(next.state.until - now);
      state = next.state;
    }
    assert.deepEqual(lengths, [200, 400, 600, 600, 600, 600]);
  });

  it('makes a server whole with the first success of a trial', () => {
    const { state, effects } = run([...failuresAt(100, 3), ['success', 250]]);
    assert.deepEqual(state, { failures: 0, until: -250, ejections: 1 });
    assert.deepEqual(effects, ['eject@100', 'restore@250']);
    assert.equal(phaseOf(state, 250), 'well');
    assert.equal(run(failuresAt(260, 2), state).effects.length, 0);
  });

  it('remembers ejections until the server has been well for as long as the limit', () => {
    const restored = run([...failuresAt(100, 3), ['success', 250]]).state;
    const soon = run(failuresAt(250 + 599, 3), restored).state;
    assert.deepEqual(soon, { failures: -1, until: 849 + 200, ejections: 2 });
    const late = run(failuresAt(250 + 600, 3), restored).state;
    assert.deepEqual(late, { failures: -1, until: 850 + 100, ejections: 1 });
  });

  it('ejects for one tenth of a second at least, and rounds up', () => {
    const policy = { failures: 1, ejectMs: 1, ejectMaxMs: 1 };
    assert.equal(step(WELL, 'failure', policy, 7).state.until, 8);
    const odd = { failures: 1, ejectMs: 250, ejectMaxMs: 250 };
    assert.equal(step(WELL, 'failure', odd, 7).state.until, 10);
  });

  it('stays in the range of its integers however often a server is ejected', () => {
    let state = WELL;
    const policy = { failures: 1, ejectMs: 1000, ejectMaxMs: 2 ** 31 };
    for (let i = 0; i < 100; i++)
      state = step(state, 'failure', policy, Math.max(state.until, 1)).state;
    assert.equal(state.ejections, 30);
    assert.ok(Number.isInteger(state.until));
  });

  it('is mended by a success where a worker died between two of its writes', () => {
    const torn: PassiveState = { failures: -1, until: 0, ejections: 1 };
    assert.deepEqual(step(torn, 'success', POLICY, 100).state, { ...torn, failures: 0 });
    assert.equal(step(torn, 'failure', POLICY, 100).state.failures, 1);
    const uncounted: PassiveState = { failures: 3, until: 200, ejections: 1 };
    assert.equal(phaseOf(uncounted, 150), 'ejected');
    assert.deepEqual(step(uncounted, 'success', POLICY, 300).state, {
      failures: 0,
      until: -300,
      ejections: 1,
    });
  });
});

describe('the share of a pool that may be ejected', () => {
  it('is rounded down, and one server at least', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 10].map((servers) => ejectedMost(servers, 50)),
      [1, 1, 1, 2, 5],
    );
    assert.equal(ejectedMost(10, 1), 1);
    assert.equal(ejectedMost(3, 100), 3);
  });

  it('has times in whole tenths of a second', () => {
    assert.equal(tenthsOf(1099), 10);
  });
});
