import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerCheck, compare, reaskedState, targetOf } from './server-check.ts';
import { checkPlan, ipv4, poolPlan, serverPlan } from './test-plan.ts';

const SERVER = serverPlan('p', 'a', ipv4('10.0.0.1', 80));
const ELSEWHERE = { ...SERVER, checkAddress: ipv4('10.0.0.9', 8008) };

test('targetOf takes the address of the server, then the port of the check, then checkAddress', () => {
  const plain = poolPlan('p', checkPlan(), []);
  const ported = poolPlan('p', checkPlan({ port: 9000 }), []);
  assert.deepEqual(targetOf(plain, SERVER)!.address, ipv4('10.0.0.1', 80));
  assert.equal(targetOf(plain, { ...SERVER, tlsName: 'db.test' })!.tlsName, 'db.test');
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

test('compare: another checkAddress asks anew, another address makes the old verdict void', () => {
  const pool = poolPlan('p', checkPlan(), []);
  const old = new ServerCheck(pool, SERVER, 0);
  assert.equal(compare(old, pool, { ...SERVER, weight: 3 }), 'same');
  assert.equal(compare(old, pool, ELSEWHERE), 'reasked');
  assert.equal(compare(old, pool, { ...ELSEWHERE, address: ipv4('10.0.0.2', 80) }), 'new');
});

test('compare: what a server counts as at the start does not touch a verdict', () => {
  const old = new ServerCheck(poolPlan('p', checkPlan(), []), SERVER, 0);
  assert.equal(compare(old, poolPlan('p', checkPlan({ start: 'up' }), []), SERVER), 'retuned');
});

test('compare: a pool that gets a check keeps its servers, unless it had the verdicts of another', () => {
  const checked = poolPlan('p', checkPlan({ start: 'down' }), []);
  const plain = new ServerCheck(poolPlan('p', null, []), SERVER, 0);
  assert.equal(compare(plain, checked, SERVER), 'reasked');
  assert.equal(reaskedState(plain, checked.check!, 5).observed, 'up');
  const follower = { ...poolPlan('p', null, []), verdictsOf: 1 };
  assert.equal(compare(new ServerCheck(follower, SERVER, 0), checked, SERVER), 'new');
});

test('reaskedState: without a verdict the new check says what a server counts as', () => {
  const old = new ServerCheck(poolPlan('p', checkPlan({ start: 'up' }), []), SERVER, 0);
  const { observed, reason } = reaskedState(old, checkPlan({ start: 'down' }), 5);
  assert.deepEqual([observed, reason], ['down', 'not-probed']);
});

for (const start of ['unknown', 'up', 'down'] as const) {
  test(`a server of a check with start ${start} is ${start} until its first verdict`, () => {
    const pool = poolPlan('p', checkPlan({ start }), []);
    const { observed, reason } = new ServerCheck(pool, SERVER, 0).view();
    assert.deepEqual([observed, reason], [start, 'not-probed']);
  });
}
