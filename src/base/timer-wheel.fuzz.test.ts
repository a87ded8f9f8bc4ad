import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { TimerNode, TimerWheel } from './timer-wheel.ts';

const NODES = 12;
const TICK_MS = 16;

type Step =
  | { readonly kind: 'schedule'; readonly node: number; readonly inMs: number }
  | { readonly kind: 'cancel'; readonly node: number }
  | { readonly kind: 'advance'; readonly byMs: number };

const node = fc.nat(NODES - 1);
// Within a tick, within the span of the wheel (65 s), and far beyond it.
const time = fc.oneof(
  fc.nat(40),
  fc.nat(70_000),
  fc.nat(400_000),
  fc.double({ min: 0, max: 99, noNaN: true }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('schedule'), node, inMs: time.map((ms) => ms - 5) } as const),
  fc.record({ kind: fc.constant('cancel'), node } as const),
  fc.record({ kind: fc.constant('advance'), byMs: time } as const),
);

it('timer wheel fires what a list of due times would, within one tick', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.constantFrom(0, 0.25, 1e6, 1.8e12),
      (steps, startMs) => {
        const wheel = new TimerWheel(startMs, TICK_MS);
        const nodes = Array.from({ length: NODES }, () => new TimerNode());
        const due = new Map<TimerNode, number>();
        let now = startMs;
        for (const one of steps) {
          if (one.kind === 'advance') {
            now += one.byMs;
            wheel.advance(now, (fired) => {
              assert.ok(due.get(fired)! <= now, 'fired early, or was not armed');
              due.delete(fired);
            });
            for (const ms of due.values()) assert.ok(ms > now - TICK_MS - 1e-3, 'did not fire');
          } else if (one.kind === 'schedule') {
            wheel.schedule(nodes[one.node]!, now + one.inMs);
            // A time in the past fires like the present.
            due.set(nodes[one.node]!, now + Math.max(0, one.inMs));
          } else {
            wheel.cancel(nodes[one.node]!);
            due.delete(nodes[one.node]!);
          }
          assert.equal(wheel.count, due.size);
          for (const each of nodes) assert.equal(wheel.isArmed(each), due.has(each));
          const first = Math.min(...due.values());
          assert.ok(wheel.nextDueMs() <= Math.max(first, now) + TICK_MS + 1e-3, 'sleeps too long');
        }
      },
    ),
    { numRuns: 1500 },
  );
});
