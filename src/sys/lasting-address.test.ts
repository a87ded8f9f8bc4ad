import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as libc from './libc.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Makes an array in a function of its own, so that nothing but the callee may keep it. */
function addressFrom(take: (array: Int32Array) => number): number {
  return take(new Int32Array([1, 0]));
}

test('lastingAddressOf: the memory holds when nothing else refers to the array', () => {
  const addresses = Array.from({ length: 100 }, () => addressFrom(libc.lastingAddressOf));
  const others: Int32Array[] = [];
  for (let round = 0; round < 10; round++) {
    collect();
    for (let i = 0; i < 1000; i++) {
      const other = new Int32Array([7, 7]);
      libc.addressOf(other);
      others.push(other);
    }
  }
  for (const address of addresses) {
    assert.deepEqual([...new Int32Array(libc.viewMemory(address, 8))], [1, 0]);
  }
  assert.equal(others.length, 10_000);
});
