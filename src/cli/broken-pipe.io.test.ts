import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;

test('a reader that has seen enough is no error: ballast … | head', () => {
  for (const command of ['--help', 'weight --help', 'lab list']) {
    // It reads nothing at all, so that the first write fails.
    const line = `'${BALLAST}' ${command} | exec 0<&- true`;
    const { stderr } = spawnSync('sh', ['-c', `${line}; sleep 0.1`], { encoding: 'utf8' });
    assert.equal(stderr, '', command);
  }
});
