import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf, verdictOfMysql } from './mysql-errors.ts';
import { judgePrimary, judgeReplicating, readReadOnly, readReplicating } from './mysql-state.ts';
import type { TextRows } from './mysql-state.ts';
import { mysqlPlan } from './test-probe-plans.ts';

const variables = (...rows: (readonly [string, string])[]): TextRows => ({
  columns: ['Variable_name', 'Value'],
  rows,
});

test('judgePrimary refuses whatever forbids writes', () => {
  const cases: readonly (readonly [TextRows, string])[] = [
    [variables(['read_only', 'OFF']), 'takes writes'],
    [variables(['innodb_read_only', 'OFF'], ['read_only', '0']), 'takes writes'],
    [variables(['read_only', 'ON']), 'the server is read-only (read_only)'],
    // MariaDB 12 has more words than ON.
    [variables(['read_only', 'NO_LOCK']), 'the server is read-only (read_only)'],
    [
      variables(['read_only', 'ON'], ['super_read_only', 'ON']),
      'the server is read-only (read_only, super_read_only)',
    ],
    [
      variables(['innodb_read_only', 'ON'], ['read_only', 'OFF']),
      'the server is read-only (innodb_read_only)',
    ],
  ];
  for (const [result, detail] of cases) {
    const verdict = judgePrimary(readReadOnly(result)!);
    assert.equal(verdict.detail, detail);
    assert.equal(verdict.reason, detail === 'takes writes' ? 'check-passed' : 'role');
  }
  assert.equal(readReadOnly(variables()), null);
  assert.equal(readReadOnly(variables(['something', 'OFF'])), null);
});

/** SHOW REPLICA STATUS in the words of MySQL 8.4, and in those of MariaDB. */
const OF_MYSQL = [
  'Replica_IO_State',
  'Replica_IO_Running',
  'Replica_SQL_Running',
  'Seconds_Behind_Source',
];
const OF_MARIADB = [
  'Slave_IO_State',
  'Slave_IO_Running',
  'Slave_SQL_Running',
  'Seconds_Behind_Master',
];

const channels = (columns: readonly string[], ...rows: readonly (string | null)[][]) =>
  readReplicating({ columns, rows: rows.map((row) => ['', ...row]) })!;

test('judgeReplicating wants both threads, in the words of either family', () => {
  const plan = mysqlPlan({ role: 'replica' });
  for (const columns of [OF_MYSQL, OF_MARIADB]) {
    const judge = (...row: (string | null)[]) => judgeReplicating(plan, channels(columns, row));
    assert.deepEqual(judge('Yes', 'Yes', '3'), {
      reason: 'check-passed',
      detail: 'replica, 3 s behind',
    });
    // The source is gone: the replica serves what it has, as long as no lag is asked for.
    assert.equal(judge('Connecting', 'Yes', null).reason, 'check-passed');
    assert.deepEqual(judge('No', 'Yes', null), {
      reason: 'role',
      detail: 'replica, stopped: IO thread',
    });
    assert.equal(judge('Yes', 'No', null).detail, 'replica, stopped: SQL thread');
    assert.equal(judge('No', 'No', null).detail, 'replica, stopped: IO and SQL thread');
  }
});

test('judgeReplicating refuses a server that replicates from nobody only as a replica', () => {
  const none = channels(OF_MYSQL);
  assert.equal(judgeReplicating(mysqlPlan({ role: 'replica' }), none).reason, 'role');
  assert.equal(judgeReplicating(mysqlPlan({ maxLagMs: 1000 }), none).reason, 'check-passed');
});

test('judgeReplicating judges the worst channel against maxLag', () => {
  const plan = mysqlPlan({ maxLagMs: 5000 });
  const judge = (...rows: (string | null)[][]) =>
    judgeReplicating(plan, channels(OF_MYSQL, ...rows));
  assert.equal(judge(['Yes', 'Yes', '5']).reason, 'check-passed');
  assert.deepEqual(judge(['Yes', 'Yes', '6']), { reason: 'lag', detail: 'replica, 6 s behind' });
  assert.equal(judge(['Yes', 'Yes', '0'], ['Yes', 'Yes', '6']).reason, 'lag');
  assert.equal(judge(['Yes', 'Yes', null], ['Yes', 'Yes', '0']).detail, 'replica, unknown lag');
  assert.equal(judge(['Connecting', 'Yes', null]).reason, 'lag');
  assert.equal(judge(['No', 'Yes', '0']).reason, 'lag');
});

test('readReplicating refuses rows without the columns', () => {
  assert.equal(readReplicating({ columns: ['a'], rows: [['b']] }), null);
});

test('verdictOfMysql shows numbers and never texts', () => {
  const error = (parts: object): Error => Object.assign(new Error('the secret word'), parts);
  assert.equal(verdictOfMysql(error({ errno: 1045, code: 'X' }), 'query').reason, 'auth-failed');
  assert.deepEqual(verdictOfMysql(error({ errno: 9999 }), 'query'), {
    reason: 'query',
    detail: 'error 9999',
  });
  const noTls = error({ code: 'HANDSHAKE_NO_SSL_SUPPORT' });
  assert.equal(verdictOfMysql(noTls, 'query').reason, 'tls-handshake');
  for (const parts of [{}, { code: 'the secret word' }, { code: 'toString' }, { errno: '1045' }]) {
    const verdict = verdictOfMysql(error(parts), 'query');
    assert.equal(verdict.reason, 'protocol');
    assert.doesNotMatch(verdict.detail, /secret/);
  }
  assert.equal(numberOf(error({ errno: 1064 })), 1064);
  assert.equal(numberOf(error({})), 0);
});
