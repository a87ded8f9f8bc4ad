import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteStore } from './byte-store.ts';

test('ByteStore holds what was appended and not consumed, in order, up to its limit', () => {
  const actions = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
      fc.nat({ max: 3000 }),
    ),
  );
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 5000 }), (list, bytesMax) => {
      const store = new ByteStore(bytesMax);
      let model = Buffer.alloc(0);
      for (const action of list) {
        if (typeof action === 'number') {
          const count = Math.min(action, model.length);
          store.consume(count);
          model = model.subarray(count);
        } else {
          const taken = store.append(action);
          assert.equal(taken, Math.min(action.length, bytesMax - model.length));
          model = Buffer.concat([model, action.subarray(0, taken)]);
        }
        assert.deepEqual(Buffer.from(store.bytes), Buffer.from(model));
        assert.equal(store.isFull, model.length === bytesMax);
      }
    }),
  );
});
