/** Histories of a name, made up. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RETRY_MS_MAX, SPREAD_MS_MAX, initialName, step } from './name-lookup.ts';
import type { NameEvent, NamePolicy, NameState } from './name-lookup.ts';

const policies: fc.Arbitrary<NamePolicy> = fc.record({
  ttlMinMs: fc.integer({ min: 0, max: 5_000 }),
  ttlMaxMs: fc.integer({ min: 5_000, max: 60_000 }),
  keepMs: fc.integer({ min: 0, max: 30_000 }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const bad = { reason: 'name-no-answer', detail: '' };
const answers: fc.Arbitrary<NameEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('records' as const),
    records: fc
      .subarray(['10.0.0.1', '10.0.0.2', '10.0.0.3'], { minLength: 1 })
      .map((texts) => texts.map((address) => ({ kind: 'address' as const, address }))),
    ttlMs: fc.nat({ max: 100_000 }),
    random,
  }),
  random.map((share): NameEvent => ({ kind: 'failed', ...bad, random: share })),
  fc
    .tuple(random, fc.option(fc.nat({ max: 100_000 })))
    .map(([share, ttlMs]): NameEvent => ({ kind: 'empty', ...bad, ttlMs, random: share })),
);
/** How long each answer takes, and what it is. */
const histories = fc.array(fc.tuple(fc.nat({ max: 4_000 }), answers), { maxLength: 40 });

const ROUNDING_MS = 1e-6;

/** Runs a history with all its ticks; `see` is called after each step. */
function run(
  policy: NamePolicy,
  history: readonly (readonly [number, NameEvent])[],
  see: (state: NameState, now: number) => void,
): void {
  let now = 0;
  let timerMs = Infinity;
  let answerMs = Infinity;
  let state = initialName(policy, now);
  const left = [...history];
  const send = (event: NameEvent): void => {
    const result = step(state, event, now);
    state = result.state;
    for (const effect of result.effects) {
      if (effect.kind === 'arm') timerMs = effect.atMs;
      if (effect.kind === 'ask') answerMs = now + (left[0]?.[0] ?? Infinity);
    }
    see(state, now);
  };
  send({ kind: 'start', remembered: [] });
  while (left.length > 0) {
    assert.ok(Math.min(timerMs, answerMs) < Infinity, 'it waits for nothing');
    if (timerMs <= answerMs) {
      now = Math.max(now, timerMs);
      timerMs = Infinity;
      send({ kind: 'tick' });
    } else {
      now = answerMs;
      answerMs = Infinity;
      send(left.shift()![1]);
    }
  }
}

test('name step always waits for something, and never past its bounds', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      const longestMs = Math.max(policy.ttlMaxMs, RETRY_MS_MAX) + SPREAD_MS_MAX;
      run(policy, history, (state, now) => {
        // What is added to `now` and taken from it again is not quite what it was.
        if (!state.isAsking) assert.ok(state.dueMs - now <= longestMs + ROUNDING_MS);
      });
    }),
  );
});

test('name step has records while resolved or holding and no others, never past the hold', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      run(policy, history, (state, now) => {
        const serves = state.phase === 'resolved' || state.phase === 'holding';
        assert.equal(state.records.length > 0, serves);
        if (state.phase === 'holding') assert.ok(now < state.sinceMs + policy.keepMs);
        assert.equal(state.failures === 0, state.phase === 'resolved' || state.phase === 'unknown');
      });
    }),
  );
});
