import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeReplication, readReplication, verdictOfError } from './redis-answers.ts';
import type { Replication } from './redis-answers.ts';
import { redisPlan } from './test-probe-plans.ts';

/** INFO replication of a replica in Redis 7, shortened. */
function ofReplica(...lines: readonly string[]): Replication {
  const all = ['# Replication', 'role:slave', 'master_host:127.0.0.1', ...lines, ''];
  return readReplication(all.join('\r\n')) as Replication;
}

const LINKED = [
  'master_link_status:up',
  'master_last_io_seconds_ago:3',
  'master_sync_in_progress:0',
];

test('readReplication reads both roles and refuses everything else', () => {
  assert.equal(
    (readReplication('# Replication\r\nrole:master\r\n') as Replication).role,
    'primary',
  );
  assert.deepEqual(ofReplica(...LINKED), {
    role: 'replica',
    isLinked: true,
    isCopying: false,
    silentS: 3,
  });
  for (const text of ['', '# role:master', 'role:sentinel', 'role', 'xrole:master']) {
    assert.equal(typeof readReplication(text), 'string', text);
  }
});

test('judgeReplication wants the role that the check asks for', () => {
  const primary = readReplication('role:master') as Replication;
  const replica = ofReplica(...LINKED);
  const reason = (role: 'primary' | 'replica' | 'any', found: Replication) =>
    judgeReplication(redisPlan({ role }), found).reason;
  assert.equal(reason('primary', primary), 'check-passed');
  assert.equal(reason('primary', replica), 'role');
  assert.equal(reason('replica', primary), 'role');
  assert.equal(reason('replica', replica), 'check-passed');
  assert.equal(reason('any', primary), 'check-passed');
});

test('judgeReplication measures how long a replica has not heard of its primary', () => {
  const plan = redisPlan({ role: 'replica', maxLagMs: 3000 });
  const down = ['master_link_status:down', 'master_link_down_since_seconds:1'];
  assert.equal(judgeReplication(plan, ofReplica(...LINKED)).reason, 'check-passed');
  assert.deepEqual(
    judgeReplication(plan, ofReplica('master_link_status:up', 'master_last_io_seconds_ago:4')),
    { reason: 'lag', detail: 'replica, primary silent for 4 s' },
  );
  assert.deepEqual(judgeReplication(plan, ofReplica(...down)), {
    reason: 'lag',
    detail: 'replica, link to its primary down for 1 s',
  });
  // A replica that was never linked since it started.
  const never = ofReplica('master_link_status:down', 'master_link_down_since_seconds:-1');
  assert.match(judgeReplication(plan, never).detail, /unknown time/);
  assert.equal(judgeReplication(redisPlan(), ofReplica(...down)).reason, 'check-passed');
});

test('judgeReplication refuses a replica whose data are only on their way', () => {
  const copying = ofReplica('master_link_status:down', 'master_sync_in_progress:1');
  assert.equal(judgeReplication(redisPlan({ role: 'replica' }), copying).reason, 'starting-up');
});

test('verdictOfError shows the code of an error and never its text', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['WRONGPASS invalid username-password pair', 'AUTH', 'auth-failed', 'WRONGPASS to AUTH'],
    ['ERR AUTH <password> called without any', 'AUTH', 'auth-failed', 'ERR to AUTH'],
    ["NOPERM this user has no permissions to run 'info'", 'INFO', 'auth-failed', 'NOPERM to INFO'],
    ['LOADING Redis is loading the dataset in memory', 'PING', 'starting-up', 'LOADING to PING'],
    ['MASTERDOWN Link with MASTER is down', 'PING', 'lag', 'MASTERDOWN to PING'],
    ['BUSY Redis is busy running a script', 'PING', 'server-error', 'BUSY to PING'],
    ['the secret word', 'PING', 'server-error', 'an error without a code to PING'],
    ['ERRsecret', 'PING', 'server-error', 'an error without a code to PING'],
  ];
  for (const [text, command, reason, detail] of cases) {
    assert.deepEqual(verdictOfError(text, command), { reason, detail });
  }
});
