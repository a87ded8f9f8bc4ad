import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerCheck, compare, targetOf } from './server-check.ts';
import { checkPlan, ipv4, poolPlan, serverPlan } from './test-plan.ts';

const SERVER = serverPlan('p', 'a', ipv4('10.0.0.1', 80));
const ELSEWHERE = { ...SERVER, checkAddress: ipv4('10.0.0.9', 8008) };

test('targetOf takes the address of the server, then the port of the check, then checkAddress', () => {
  const plain = poolPlan('p', checkPlan(), []);
  const ported = poolPlan('p', checkPlan({ port: 9000 }), []);
  assert.deepEqual(targetOf(plain, SERVER)!.address, ipv4('10.0.0.1', 80));
  assert.deepEqual(targetOf(ported, SERVER)!.address, ipv4('10.0.0.1', 9000));
  assert.deepEqual(targetOf(ported, ELSEWHERE)!.address, ipv4('10.0.0.9', 8008));
  const local = { family: 'unix', host: '/run/a.sock', port: 0 } as const;
  assert.deepEqual(targetOf(ported, { ...SERVER, address: local })!.address, local);
});

test('targetOf names server and pool, and is null without a check', () => {
  const { server, pool } = targetOf(poolPlan('p', checkPlan(), []), SERVER)!;
  assert.deepEqual([server, pool], ['a', 'p']);
  assert.equal(targetOf(poolPlan('p', null, []), SERVER), null);
});

test('compare: another checkAddress makes the old verdict void', () => {
  const pool = poolPlan('p', checkPlan(), []);
  const old = new ServerCheck(pool, SERVER, 0);
  assert.equal(compare(old, pool, { ...SERVER, weight: 3 }), 'same');
  assert.equal(compare(old, pool, ELSEWHERE), 'new');
});

test('compare: what a server counts as at the start does not touch a verdict', () => {
  const old = new ServerCheck(poolPlan('p', checkPlan(), []), SERVER, 0);
  assert.equal(compare(old, poolPlan('p', checkPlan({ start: 'up' }), []), SERVER), 'retuned');
});

for (const start of ['unknown', 'up', 'down'] as const) {
  test(`a server of a check with start ${start} is ${start} until its first verdict`, () => {
    const pool = poolPlan('p', checkPlan({ start }), []);
    const { observed, reason } = new ServerCheck(pool, SERVER, 0).view();
    assert.deepEqual([observed, reason], [start, 'not-probed']);
  });
}
