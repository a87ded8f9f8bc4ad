import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueQueue } from './due-queue.ts';
import type { DueItem } from './due-queue.ts';

test('DueQueue gives items in the order of their times through any sets and removes', () => {
  const action = fc.record({
    kind: fc.constantFrom('set', 'set', 'remove', 'take'),
    item: fc.nat({ max: 19 }),
    dueMs: fc.nat({ max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const queue = new DueQueue<DueItem>();
      const items = Array.from({ length: 20 }, () => ({ dueMs: 0, heapIndex: -1 }));
      const model = new Map<DueItem, number>();
      for (const { kind, item, dueMs } of actions) {
        const target = items[item]!;
        if (kind === 'set') {
          queue.set(target, dueMs);
          model.set(target, dueMs);
        } else if (kind === 'remove') {
          queue.remove(target);
          model.delete(target);
        } else {
          const taken = queue.takeDue(dueMs);
          const earliest = Math.min(Infinity, ...model.values());
          if (earliest > dueMs) assert.equal(taken, null);
          else assert.equal(model.get(taken!), earliest);
          if (taken !== null) model.delete(taken);
        }
        assert.equal(queue.nextDueMs(), Math.min(Infinity, ...model.values()));
        for (const each of items) assert.equal(each.heapIndex !== -1, model.has(each));
      }
    }),
  );
});
