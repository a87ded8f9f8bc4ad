import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { initialHealth, step } from './health.ts';
import type { HealthEvent, HealthPolicy, HealthState } from './health.ts';

const policies: fc.Arbitrary<HealthPolicy> = fc.record({
  everyMs: fc.integer({ min: 1, max: 10_000 }),
  downEveryMs: fc.integer({ min: 1, max: 10_000 }),
  changingEveryMs: fc.integer({ min: 1, max: 10_000 }),
  rise: fc.integer({ min: 1, max: 6 }),
  fall: fc.integer({ min: 1, max: 6 }),
  jitterPercent: fc.integer({ min: 0, max: 100 }),
});

const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const events: fc.Arbitrary<HealthEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<HealthEvent>({ kind: 'tick' }) },
  { weight: 3, arbitrary: randoms.map(passed) },
  { weight: 3, arbitrary: randoms.map((random) => bad('failed', random)) },
  { weight: 1, arbitrary: randoms.map((random) => bad('inconclusive', random)) },
);

function passed(random: number): HealthEvent {
  return { kind: 'passed', detail: '', random };
}

function bad(kind: 'failed' | 'inconclusive', random: number): HealthEvent {
  return { kind, reason: 'timeout', detail: '', random };
}

const histories = fc.array(fc.tuple(events, fc.nat({ max: 3000 })), { maxLength: 200 });

/** Runs a history and calls `see` with each conclusive result that counted. */
function run(
  policy: HealthPolicy,
  history: readonly (readonly [HealthEvent, number])[],
  see: (before: HealthState, event: HealthEvent, after: HealthState) => void,
): void {
  let now = 0;
  let state = initialHealth(policy, now);
  for (const [event, waitMs] of history) {
    now += waitMs;
    const before = state;
    state = step(before, event, now).state;
    if (before.isProbing && (event.kind === 'passed' || event.kind === 'failed')) {
      see(before, event, state);
    }
  }
}

test('health step is down after fall failures in a row and up after rise passes in a row', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      let failures = 0;
      let passes = 0;
      run(policy, history, (_, event, after) => {
        failures = event.kind === 'failed' ? failures + 1 : 0;
        passes = event.kind === 'passed' ? passes + 1 : 0;
        if (failures >= policy.fall) assert.equal(after.observed, 'down');
        if (passes >= policy.rise) assert.equal(after.observed, 'up');
      });
    }),
  );
});

test('health step never leaves up on fewer than fall failures, nor down on fewer than rise', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      let failures = 0;
      let passes = 0;
      let isKnown = false;
      run(policy, history, (before, event, after) => {
        failures = event.kind === 'failed' ? failures + 1 : 0;
        passes = event.kind === 'passed' ? passes + 1 : 0;
        const wasUp = before.observed === 'up' || before.observed === 'falling';
        const isUp = after.observed === 'up' || after.observed === 'falling';
        if (isKnown && wasUp && !isUp) assert.ok(failures >= policy.fall);
        if (isKnown && !wasUp && isUp) assert.ok(passes >= policy.rise);
        isKnown = true;
      });
    }),
  );
});

test('health step arms one timer per result, in the future, and never two probes at once', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      let now = 0;
      let state = initialHealth(policy, now);
      for (const [event, waitMs] of history) {
        now += waitMs;
        const result = step(state, event, now);
        const probes = result.effects.filter((effect) => effect.kind === 'probe');
        const arms = result.effects.filter((effect) => effect.kind === 'arm');
        assert.equal(probes.length, !state.isProbing && result.state.isProbing ? 1 : 0);
        assert.equal(arms.length, state.isProbing && !result.state.isProbing ? 1 : 0);
        for (const arm of arms) assert.ok(arm.atMs > now);
        state = result.state;
      }
    }),
  );
});

test('health step reports a change exactly when the observed state differs', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      let state = initialHealth(policy, 0);
      for (const [event] of history) {
        const result = step(state, event, 0);
        const changed = result.effects.find((effect) => effect.kind === 'changed');
        if (state.observed === result.state.observed) assert.equal(changed, undefined);
        else {
          assert.equal(changed?.from, state.observed);
          assert.equal(changed?.to, result.state.observed);
        }
        const { observed, streak } = result.state;
        assert.equal(streak > 0, observed === 'rising' || observed === 'falling');
        state = result.state;
      }
    }),
  );
});
