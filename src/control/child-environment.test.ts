import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment } from './child-environment.ts';

test('childEnvironment leaves out what was not asked for, secrets above all', () => {
  const before = { ...process.env };
  try {
    const given = { PGPASSWORD: 'a', LD_PRELOAD: 'b', FAKETIME_CACHE_DURATION: '1', MINE: 'c' };
    Object.assign(process.env, given);
    const { NODE_COMPILE_CACHE: _, ...found } = childEnvironment(['MINE']);
    assert.deepEqual(found, { LD_PRELOAD: 'b', FAKETIME_CACHE_DURATION: '1', MINE: 'c' });
  } finally {
    for (const name of ['PGPASSWORD', 'LD_PRELOAD', 'FAKETIME_CACHE_DURATION', 'MINE']) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  }
});
