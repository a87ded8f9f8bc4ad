import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOfPostgres } from './postgres-errors.ts';
import { judgeCatchUp, judgeState, readState } from './postgres-state.ts';
import { judgeQuery } from './query-result.ts';
import { postgresPlan } from './test-probe-plans.ts';

const PRIMARY = ['f', 'off', 'off', 'f', null, null, null];
/** A replica: walreceiver connected, all replayed, where, ms since the last commit. */
const replica = (streaming: string, replayed: string | null, since: string | null) =>
  readState([
    't',
    'off',
    'on',
    streaming,
    replayed,
    replayed === null ? null : '0/3000148',
    since,
  ])!;

test('judgeState tells a primary that takes writes from one that does not', () => {
  const primary = postgresPlan({ role: 'primary' });
  const cases: readonly (readonly [string[], string, string])[] = [
    [['f', 'off', 'off'], 'check-passed', 'primary'],
    [['f', 'on', 'off'], 'role', 'the role is read-only primary, expected primary'],
    [['f', 'off', 'on'], 'role', 'the role is read-only primary, expected primary'],
    [['t', 'off', 'on'], 'role', 'the role is replica, expected primary'],
  ];
  for (const [row, reason, detail] of cases) {
    assert.deepEqual(judgeState(primary, readState(row)!), { reason, detail });
  }
});

test('judgeState refuses every primary as a replica, and any role where none is asked for', () => {
  for (const row of [
    ['f', 'off', 'off'],
    ['f', 'on', 'on'],
  ]) {
    const state = readState(row)!;
    assert.equal(judgeState(postgresPlan({ role: 'replica' }), state)!.reason, 'role');
    assert.equal(judgeState(postgresPlan(), state)!.reason, 'check-passed');
  }
  const state = readState(['t', 'off', 'on'])!;
  assert.equal(judgeState(postgresPlan({ role: 'replica' }), state)!.reason, 'check-passed');
});

test('judgeState measures the lag of replicas, and of nothing else', () => {
  const plan = postgresPlan({ role: 'replica', maxLagMs: 1000 });
  const any = postgresPlan({ role: 'any', maxLagMs: 1000 });
  assert.equal(judgeState(any, readState(PRIMARY)!)!.detail, 'primary');
  // An idle primary: nothing new for a day, and all of it replayed.
  assert.equal(judgeState(plan, replica('t', 't', '86400000'))!.detail, 'replica, 0 ms behind');
  assert.equal(judgeState(plan, replica('t', 'f', '900'))!.detail, 'replica, 900 ms behind');
  assert.equal(judgeState(plan, replica('f', 't', '900'))!.reason, 'check-passed');
  assert.deepEqual(judgeState(plan, replica('f', 't', '1001')), {
    reason: 'lag',
    detail: 'replica, 1001 ms behind, not connected to its primary',
  });
  assert.deepEqual(judgeState(plan, replica('f', null, null)), {
    reason: 'lag',
    detail: 'replica, unknown lag, not connected to its primary',
  });
  // The primary's clock is ahead.
  assert.equal(judgeState(plan, replica('t', 'f', '-50'))!.detail, 'replica, 0 ms behind');
});

test('judgeState wants a second look where an old commit may be a quiet time', () => {
  const plan = postgresPlan({ role: 'replica', maxLagMs: 1000 });
  const state = replica('t', 'f', '60000');
  assert.equal(judgeState(plan, state), null);
  assert.equal(state.receivedLsn, '0/3000148');
  assert.equal(judgeCatchUp(state, true).reason, 'check-passed');
  assert.deepEqual(judgeCatchUp(state, false), {
    reason: 'lag',
    detail: 'replica, 60000 ms behind',
  });
});

test('readState refuses rows that PostgreSQL does not give', () => {
  for (const row of [[], ['true', 'off', 'off'], [null], [...PRIMARY.slice(0, 6), 'soon']]) {
    assert.equal(readState(row), null);
  }
  // What goes into the next query is nothing but a place in the log.
  assert.equal(readState([...PRIMARY.slice(0, 5), "0/1'; DROP", null])!.receivedLsn, '');
});

test('verdictOfPostgres shows codes and never texts', () => {
  const error = (code: unknown, message = 'the secret word'): Error =>
    Object.assign(new Error(message), { code });
  assert.equal(verdictOfPostgres(error('28P01'), 'query').reason, 'auth-failed');
  assert.deepEqual(verdictOfPostgres(error('XX000'), 'query'), {
    reason: 'query',
    detail: 'XX000',
  });
  const proof = verdictOfPostgres(error(undefined, 'SASL: signature does not match'), 'query');
  assert.equal(proof.reason, 'auth-failed');
  for (const code of ['the secret word', 28000, undefined, '28P01; DROP']) {
    const verdict = verdictOfPostgres(error(code), 'query');
    assert.equal(verdict.reason, 'protocol');
    assert.doesNotMatch(verdict.detail, /secret/);
  }
  assert.doesNotMatch(verdictOfPostgres(error(1, 'SASL: secret'), 'query').detail, /secret/);
});

test('judgeQuery compares the first column, and shows what was found without odd bytes', () => {
  const plan = { text: 'select 1', expect: '1' };
  assert.equal(judgeQuery(plan, '1').reason, 'check-passed');
  assert.equal(judgeQuery({ ...plan, expect: null }, undefined).reason, 'check-passed');
  assert.deepEqual(judgeQuery(plan, undefined), {
    reason: 'query',
    detail: 'the query gave no row, expected "1"',
  });
  assert.match(judgeQuery(plan, null).detail, /gave NULL/);
  assert.match(
    judgeQuery(plan, '2\x1b[31m\nfake log line').detail,
    /gave "2\?\[31m\?fake log line"/,
  );
  assert.match(judgeQuery(plan, 'x'.repeat(1000)).detail, /gave "x{40}…"/);
});
