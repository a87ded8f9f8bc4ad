import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Serial } from './serial.ts';

test('Serial runs one job after the other, whatever comes of each', async () => {
  const serial = new Serial();
  const seen: string[] = [];
  const job =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const a = serial.run(job('a'));
  const b = serial.run(job('b', true));
  const c = serial.run(job('c'));
  await assert.rejects(b, /b/);
  assert.deepEqual([await a, await c], ['a', 'c']);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
