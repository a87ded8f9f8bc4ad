/** Histories of certificates by ACME, made up. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HOLDS, LOOK_MS_MAX, NO_CERTIFICATES, RETRY_GAP_MS, step } from './acme-renewal.ts';
import type { AcmeEvent, AcmeState, WantedCertificate } from './acme-renewal.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2030-01-01T00:00:00Z');
const ENDINGS: ReadonlySet<string> = new Set(['obtained', 'failed', 'cancelled']);
const NO_TRIES = { failures: 0, interruptions: 0, holdMs: 0, isHoldAsked: false };

/** How an order ends. Certificates are valid by the authority's clock, which is right. */
type Ending = {
  readonly kind: 'obtained' | 'failed' | 'cancelled';
  readonly scope: 'order' | 'directory' | 'both';
  readonly retryAfterMs: number;
  readonly lifeDays: number;
};

/** What happens from outside. */
type Happening =
  | { readonly kind: 'plan'; readonly keys: readonly string[]; readonly version: string }
  | { readonly kind: 'clock'; readonly byMs: number }
  | { readonly kind: 'retry' };

const ending: fc.Arbitrary<Ending> = fc.record({
  kind: fc.constantFrom('obtained', 'failed', 'failed', 'cancelled'),
  scope: fc.constantFrom('order', 'directory', 'both'),
  retryAfterMs: fc.constantFrom(0, 0, 1_000, DAY_MS),
  lifeDays: fc.constantFrom(1, 6, 90),
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('plan' as const),
    keys: fc.subarray(['a', 'b', 'c', 'd']),
    version: fc.constantFrom('1', '2'),
  }),
  fc.record({
    kind: fc.constant('clock' as const),
    byMs: fc.constantFrom(-3_600_000, 3_600_000, -400 * DAY_MS, 400 * DAY_MS),
  }),
  fc.record({ kind: fc.constant('retry' as const) }),
);
const histories = fc.array(
  fc.record({
    ending,
    happening: fc.option(happening, { freq: 3 }),
    tookMs: fc.nat({ max: 1_000 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  { maxLength: 80 },
);
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

function wantedOf(key: string, version: string): WantedCertificate {
  const directory = key < 'c' ? 'https://one.test' : 'https://two.test';
  return { key, version, directory, renewMs: 30 * DAY_MS, held: null, kept: NO_TRIES };
}

/** Runs a history; when each order began, by the clock that never goes back. */
function run(history: History, see: (state: AcmeState) => void): Map<string, number[]> {
  let state = NO_CERTIFICATES;
  let setMs = 0;
  let armedMs = Infinity;
  let random = 0;
  let steadyMs = 0;
  const begun = new Map<string, number[]>();
  const send = (event: AcmeEvent): void => {
    const now = { steadyMs, wallMs: START_MS + steadyMs + setMs, random };
    const result = step(state, event, now);
    for (const effect of result.effects) {
      if (effect.kind === 'arm') armedMs = steadyMs + effect.afterMs;
      if (effect.kind !== 'begin') continue;
      assert.ok(state.running === null || ENDINGS.has(event.kind), 'one order at a time');
      begun.set(effect.key, [...(begun.get(effect.key) ?? []), steadyMs]);
    }
    state = result.state;
    see(state);
  };
  send({ kind: 'plan', wanted: ['a', 'b', 'c', 'd'].map((key) => wantedOf(key, '1')) });
  for (const one of history) {
    random = one.random;
    if (one.happening?.kind === 'clock') setMs += one.happening.byMs;
    if (one.happening?.kind === 'retry') send({ kind: 'retry' });
    if (one.happening?.kind === 'plan') {
      const { keys, version } = one.happening;
      const held = (key: string) => state.entries.get(key)?.held ?? null;
      send({
        kind: 'plan',
        wanted: keys.map((key) => ({ ...wantedOf(key, version), held: held(key) })),
      });
    }
    if (state.running === null) {
      if (state.entries.size === 0) continue;
      assert.ok(armedMs < Infinity, 'it waits for nothing');
      assert.ok(armedMs - steadyMs <= LOOK_MS_MAX, 'it does not look at the clock for too long');
      steadyMs = Math.max(steadyMs, Math.ceil(armedMs));
      send({ kind: 'tick' });
      continue;
    }
    steadyMs += one.tookMs;
    send(eventOf(one.ending, START_MS + steadyMs));
  }
  return begun;
}

/** `rightMs` is the time by the clock of the authority. */
function eventOf({ kind, scope, retryAfterMs, lifeDays }: Ending, rightMs: number): AcmeEvent {
  if (kind === 'failed') return { kind, scope, retryAfterMs };
  if (kind === 'cancelled') return { kind };
  const notAfterMs = rightMs + lifeDays * DAY_MS;
  return { kind, held: { notBeforeMs: rightMs, notAfterMs, isAsked: true, spread: 0 } };
}

test('acme step runs one order at a time, of what is wanted, and always waits for something', () => {
  fc.assert(
    fc.property(histories, (history) => {
      run(history, ({ running, entries }) => {
        if (running === null || running.isCancelled) return;
        assert.ok(entries.has(running.key));
      });
    }),
  );
});

test('acme step orders a certificate seldom, whatever fails and however clocks are set', () => {
  fc.assert(
    fc.property(histories, (history) => {
      // Cancelling is what people do: here all that ends has failed, or was obtained.
      const calm = history.map((one) => ({
        ...one,
        happening: one.happening?.kind === 'plan' ? null : one.happening,
        ending:
          one.ending.kind === 'cancelled' ? { ...one.ending, kind: 'failed' as const } : one.ending,
      }));
      // A clock that is set forward makes what was just obtained due: once for each of four.
      const jumps = calm.filter(({ happening: it }) => it?.kind === 'clock' && it.byMs > 0).length;
      const least = Math.min(RETRY_GAP_MS, HOLDS.directory.firstMs);
      const begun = [...run(calm, () => undefined).values()];
      const gaps = begun.flatMap((times) => times.slice(1).map((time, at) => time - times[at]!));
      const short = gaps.filter((gap) => gap < least).length;
      assert.ok(short <= 4 * jumps, `${short} orders too soon, ${jumps} jumps`);
    }),
  );
});
