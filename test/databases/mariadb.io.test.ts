// The check of MySQL against real MariaDB servers: roles, lag, logins, TLS, queries, trouble.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MysqlProbePlan } from '../../src/config/plan-check.ts';
import type { ProbeResult } from '../../src/control/health/probe.ts';
import { certificatesSkip, tlsPlan } from '../../src/control/health/test-certificates.ts';
import { ipv4 } from '../../src/control/health/test-plan.ts';
import { mysqlPlan, probeOnce, secret } from '../../src/control/health/test-probe-plans.ts';
import { until } from '../kit/wait.ts';
import { DatabaseCertificates } from './certificates.ts';
import { MARIADB_PROGRAMS, MariadbServer } from './mariadb-server.ts';
import { missingProgram } from './unprivileged.ts';

const skip = missingProgram(...MARIADB_PROGRAMS);

type Parts = Partial<MysqlProbePlan>;

async function ask(server: MariadbServer, parts: Parts, timeoutMs = 5000): Promise<ProbeResult> {
  return probeOnce(ipv4('127.0.0.1', server.port), mysqlPlan(parts), timeoutMs);
}

/** Waits until the check of a server ends with a reason. */
async function untilReason(server: MariadbServer, parts: Parts, reason: string): Promise<string> {
  let last: ProbeResult | null = null;
  const found = async (): Promise<boolean> => {
    last = await ask(server, parts);
    return last.reason === reason;
  };
  try {
    await until(found, { what: reason, everyMs: 50 });
  } catch (error) {
    throw new Error(JSON.stringify(last), { cause: error });
  }
  return last!.detail;
}

test('mariadb: the role and the lag of a primary and of its replica', { skip }, async () => {
  await using primary = await MariadbServer.start();
  await using replica = await MariadbServer.start();
  await replica.run('SET GLOBAL read_only = ON');
  const lagging = { role: 'replica', maxLagMs: 1000 } as const;
  assert.equal((await ask(primary, { role: 'primary' })).detail, 'takes writes');
  assert.equal((await ask(primary, { role: 'replica' })).reason, 'role');
  assert.match((await ask(replica, { role: 'primary' })).detail, /read-only \(read_only\)/);
  assert.equal((await ask(replica, { role: 'replica' })).reason, 'role');
  await replica.follow(primary);
  assert.equal(await untilReason(replica, lagging, 'check-passed'), 'replica, 0 s behind');

  // Replication is held up: what is written now comes an hour later.
  await replica.run('STOP SLAVE');
  assert.match((await ask(replica, { role: 'replica' })).detail, /stopped: IO and SQL thread/);
  await replica.run('CHANGE MASTER TO MASTER_DELAY = 3600');
  await replica.run('START SLAVE');
  await primary.run('CREATE DATABASE late');
  // Until its threads are connected again, its lag is unknown.
  await until(async () => /^replica, [2-9] s behind$/.test((await ask(replica, lagging)).detail), {
    what: 'a lag of seconds',
    everyMs: 50,
  });
  assert.equal((await ask(replica, lagging)).reason, 'lag');
  assert.equal((await ask(replica, { role: 'replica' })).reason, 'check-passed');
  await replica.run('STOP SLAVE');
  await replica.run('CHANGE MASTER TO MASTER_DELAY = 0');
  await replica.run('START SLAVE');
  await untilReason(replica, lagging, 'check-passed');

  await primary.stop();
  assert.equal(await untilReason(replica, lagging, 'lag'), 'replica, unknown lag');
  assert.equal((await ask(replica, { role: 'replica' })).reason, 'check-passed');
  assert.equal((await ask(primary, { role: 'primary' })).reason, 'connect-refused');
  // Promoted.
  await replica.run('STOP SLAVE');
  await replica.run('RESET SLAVE ALL');
  await replica.run('SET GLOBAL read_only = OFF');
  assert.equal((await ask(replica, { role: 'primary' })).reason, 'check-passed');
});

test('mariadb: logins, queries, and what the server counts of them', { skip }, async () => {
  await using server = await MariadbServer.start();
  const bare = { user: 'bare', password: secret('secret of bare') };
  const select = (text: string, expect: string | null): Parts => ({ query: { text, expect } });
  const cases: readonly (readonly [Parts, string, string])[] = [
    [{}, 'check-passed', 'logged in'],
    [select('SELECT 40 + 2', '42'), 'check-passed', 'logged in, the query passed'],
    [select("SELECT '2026-01-01'", '2026-01-01'), 'check-passed', 'logged in, the query passed'],
    [select('SET @a = 1', null), 'check-passed', 'logged in, the query passed'],
    [select('SELECT 1', '2'), 'query', 'the query gave "1", expected "2"'],
    [select('SELECT NULL', ''), 'query', 'the query gave NULL, expected ""'],
    [select('SELEC', null), 'query', 'error 1064'],
    [{ ...bare, role: 'primary' }, 'check-passed', 'takes writes'],
    [{ ...bare, role: 'replica' }, 'server-error', 'error 1227: the user lacks a privilege'],
  ];
  for (const [parts, reason, detail] of cases) {
    const result = await ask(server, parts);
    assert.deepEqual([result.reason, result.detail], [reason, detail]);
  }
  const [counted] = await server.run("SHOW GLOBAL STATUS LIKE 'Aborted_clients'");
  assert.equal(counted!['Value'], '0', server.log);

  const refused: readonly Parts[] = [
    { password: null },
    { password: secret('other') },
    { user: 'nobody' },
    { database: 'missing' },
  ];
  for (const parts of refused) {
    const result = await ask(server, parts);
    assert.equal(result.reason, 'auth-failed', result.detail);
    assert.doesNotMatch(result.detail, /secret|other/);
  }
  assert.equal((await ask(server, { tls: tlsPlan() })).reason, 'tls-handshake');
  assert.equal((await ask(server, select('SELECT SLEEP(60)', null), 500)).reason, 'timeout');
  const left = "SELECT 1 FROM information_schema.processlist WHERE user = 'monitor'";
  await until(async () => (await server.run(left)).length === 0, { what: 'the query to end' });
});

test('mariadb: TLS, verified as configured', { skip: skip || certificatesSkip }, async () => {
  using tls = new DatabaseCertificates();
  await using server = await MariadbServer.start({ tls });
  await server.run("ALTER USER 'monitor'@'127.0.0.1' REQUIRE SSL");
  const cases: readonly (readonly [Parts, string])[] = [
    [{ tls: tls.trusting, role: 'primary' }, 'check-passed'],
    [{ tls: tlsPlan() }, 'certificate-untrusted'],
    [{ tls: tlsPlan({ verify: false }) }, 'check-passed'],
    [{ tls: { ...tls.trusting, serverName: 'other.test' } }, 'certificate-name'],
    [{}, 'auth-failed'],
  ];
  for (const [parts, reason] of cases) {
    const result = await ask(server, parts);
    assert.equal(result.reason, reason, result.detail);
  }
});
