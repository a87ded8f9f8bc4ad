import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sortPoints } from './sort-points.ts';
import { Xorshift } from './xorshift.ts';

describe('sortPoints', () => {
  it('sorts points with their owners, and keeps the order of equal ones', () => {
    const random = new Xorshift(9);
    for (const [count, values] of [
      [0, 1],
      [1, 1],
      [2, 2 ** 31],
      [1000, 7],
      [1000, 5000],
      [50_000, 2 ** 31],
    ] as const) {
      const points = Uint32Array.from({ length: count }, () => random.below(values) * 2);
      const owners = Uint16Array.from({ length: count }, (_, i) => i);
      const expected = [...points.entries()].toSorted(([i, a], [j, b]) => a - b || i - j);
      sortPoints(points, owners);
      assert.deepEqual(
        [...points].map((point, i) => [owners[i], point]),
        expected,
      );
    }
  });
});
