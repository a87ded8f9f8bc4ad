// The check of PostgreSQL against real servers: roles, lag, logins, TLS, queries, trouble.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { PostgresProbePlan } from '../../src/config/plan-check.ts';
import type { ProbeResult } from '../../src/control/health/probe.ts';
import { certificatesSkip, tlsPlan } from '../../src/control/health/test-certificates.ts';
import { ipv4 } from '../../src/control/health/test-plan.ts';
import { postgresPlan, probeOnce, secret } from '../../src/control/health/test-probe-plans.ts';
import { delay, until } from '../kit/wait.ts';
import { DatabaseCertificates } from './certificates.ts';
import { POSTGRES_PROGRAM, PostgresServer } from './postgres-server.ts';
import { missingProgram } from './unprivileged.ts';

const skip = missingProgram(POSTGRES_PROGRAM);

type Parts = Partial<PostgresProbePlan>;

async function ask(server: PostgresServer, parts: Parts, timeoutMs = 5000): Promise<ProbeResult> {
  return probeOnce(ipv4('127.0.0.1', server.port), postgresPlan(parts), timeoutMs);
}

/** Waits until the check of a server ends with a reason. */
async function untilReason(server: PostgresServer, parts: Parts, reason: string): Promise<string> {
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

const login = (user: string): Parts => ({ user, password: secret(`secret of ${user}`) });

test('postgres: the role and the lag of a primary and of its replica', { skip }, async () => {
  await using primary = await PostgresServer.startPrimary();
  await using replica = await primary.startReplica();
  const lagging = { role: 'replica', maxLagMs: 1000 } as const;
  assert.equal((await ask(primary, { role: 'primary' })).detail, 'primary');
  assert.equal((await ask(primary, { role: 'replica' })).reason, 'role');
  assert.equal((await ask(replica, { role: 'primary' })).reason, 'role');
  assert.equal((await ask(replica, { role: 'replica' })).detail, 'replica');
  await untilReason(replica, lagging, 'check-passed');

  // Idle for longer than the limit: nothing is missing.
  await primary.run('INSERT INTO written VALUES (1)');
  await delay(1200);
  assert.equal(await untilReason(replica, lagging, 'check-passed'), 'replica, 0 ms behind');

  await replica.run('SELECT pg_wal_replay_pause()');
  await until(
    async () => (await replica.run('SELECT pg_get_wal_replay_pause_state()'))[0]![0] === 'paused',
    { what: 'replay to pause' },
  );
  await primary.run('INSERT INTO written VALUES (2)');
  assert.match(await untilReason(replica, lagging, 'lag'), /^replica, [0-9]{4,} ms behind$/);
  assert.equal((await ask(replica, { role: 'replica' })).reason, 'check-passed');
  assert.equal((await ask(replica, { role: 'any', maxLagMs: 1000 })).reason, 'lag');
  await replica.run('SELECT pg_wal_replay_resume()');
  await untilReason(replica, lagging, 'check-passed');

  // Without its primary nobody knows what is missing, though all that had come is replayed.
  await primary.kill();
  const lost = await untilReason(replica, lagging, 'lag');
  assert.match(lost, /^replica, [0-9]+ ms behind, not connected to its primary$/);
  assert.equal((await ask(primary, { role: 'primary' })).reason, 'connect-refused');
  await replica.promote();
  assert.equal((await ask(replica, { role: 'primary' })).detail, 'primary');
  assert.equal((await ask(replica, lagging)).reason, 'role');
});

test('postgres: every way to log in, and none where it must not be', { skip }, async () => {
  await using server = await PostgresServer.startPrimary();
  const cases: readonly (readonly [Parts, string, RegExp])[] = [
    [{}, 'check-passed', /logged in/],
    [login('md5'), 'check-passed', /logged in/],
    [{ user: 'trusted', password: null }, 'check-passed', /logged in/],
    [{ password: secret('other') }, 'auth-failed', /^28P01/],
    [{ user: 'md5', password: secret('other') }, 'auth-failed', /^28P01/],
    [{ user: 'nobody' }, 'auth-failed', /^28P01/],
    [{ password: null }, 'auth-failed', /none is configured/],
    // The server asks for the password itself, which goes over the wire under TLS only.
    [login('clear'), 'auth-failed', /clear text/],
    [login('secure'), 'auth-failed', /^28000/],
    [{ database: 'missing' }, 'server-error', /^3D000/],
    [{ tls: tlsPlan() }, 'tls-handshake', /does not speak TLS/],
  ];
  for (const [parts, reason, detail] of cases) {
    const result = await ask(server, parts);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
    assert.doesNotMatch(result.detail, /secret|other/);
  }
});

test('postgres: TLS, verified as configured', { skip: skip || certificatesSkip }, async () => {
  using tls = new DatabaseCertificates();
  await using server = await PostgresServer.startPrimary({ tls });
  const { trusting } = tls;
  const cases: readonly (readonly [Parts, string])[] = [
    [{ tls: trusting, role: 'primary' }, 'check-passed'],
    [{ ...login('secure'), tls: trusting }, 'check-passed'],
    [{ ...login('clear'), tls: trusting }, 'check-passed'],
    [{ tls: tlsPlan() }, 'certificate-untrusted'],
    [{ tls: tlsPlan({ verify: false }) }, 'check-passed'],
    [{ tls: { ...trusting, serverName: 'other.test' } }, 'certificate-name'],
    [login('secure'), 'auth-failed'],
  ];
  for (const [parts, reason] of cases) {
    const result = await ask(server, parts);
    assert.equal(result.reason, reason, result.detail);
  }
});

test('postgres: a query, its result, and one that never ends', { skip }, async () => {
  await using server = await PostgresServer.startPrimary();
  const query = async (text: string, expect: string | null, timeoutMs?: number) => {
    const { reason, detail } = await ask(server, { query: { text, expect } }, timeoutMs);
    return [reason, detail];
  };
  assert.deepEqual(await query('SELECT 40 + 2', '42'), [
    'check-passed',
    'logged in, the query passed',
  ]);
  assert.equal((await query('SELECT true', 't'))[0], 'check-passed');
  assert.equal((await query('SELECT 1; SELECT 2', '2'))[0], 'check-passed');
  assert.equal((await query('SELECT count(*) FROM written', null))[0], 'check-passed');
  assert.deepEqual(await query('SELECT 1', '2'), ['query', 'the query gave "1", expected "2"']);
  assert.deepEqual(await query('SELECT NULL', ''), ['query', 'the query gave NULL, expected ""']);
  assert.match((await query('SELECT 1 WHERE false', '1'))[1]!, /no row/);
  assert.deepEqual(await query('SELEC', '1'), ['query', '42601']);
  assert.equal((await query("SELECT repeat('x', 1000000)", null))[0], 'too-large');
  assert.equal((await query('SELECT pg_sleep(60)', null, 500))[0], 'timeout');
  // What was asked does not outlive the check for long.
  const left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'";
  await until(async () => (await server.run(left))[0]![0] === '0', { what: 'the query to end' });
});

test('postgres: a read-only primary, a full server, one that hangs', { skip }, async () => {
  await using server = await PostgresServer.startPrimary();
  await server.run('ALTER SYSTEM SET default_transaction_read_only TO on');
  await server.run('SELECT pg_reload_conf()');
  const detail = await untilReason(server, { role: 'primary' }, 'role');
  assert.match(detail, /read-only primary/);
  await server.run('ALTER SYSTEM RESET default_transaction_read_only');
  await server.run('SELECT pg_reload_conf()');
  await untilReason(server, { role: 'primary' }, 'check-passed');

  const clients: pg.Client[] = [];
  try {
    for (let i = 0; i < 17; i++) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: server.port,
        user: 'trusted',
        database: 'postgres',
      });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
    }
    assert.match(await untilReason(server, {}, 'too-many-clients'), /^53300/);
  } finally {
    await Promise.all(clients.map(async (client) => client.end()));
  }
  await untilReason(server, {}, 'check-passed');
  server.signal('SIGSTOP');
  try {
    assert.equal((await ask(server, {}, 300)).reason, 'timeout');
  } finally {
    server.signal('SIGCONT');
  }
  await untilReason(server, {}, 'check-passed');
});

test('postgres: checks leave nothing in the log', { skip: skip || certificatesSkip }, async () => {
  using tls = new DatabaseCertificates();
  await using server = await PostgresServer.startPrimary({ tls });
  const before = server.log.length;
  const query = { text: 'SELECT 1', expect: '1' };
  for (let i = 0; i < 20; i++) {
    const parts = { role: 'primary', query, tls: i % 2 === 0 ? null : tls.trusting } as const;
    const result = await ask(server, parts);
    assert.equal(result.reason, 'check-passed', result.detail);
  }
  const left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'";
  await until(async () => (await server.run(left))[0]![0] === '0', { what: 'the sessions to end' });
  await server.run("DO $$ BEGIN RAISE LOG 'the mark'; END $$");
  await until(() => server.log.includes('the mark'), { what: 'the mark in the log' });
  const lines = server.log.slice(before, server.log.indexOf('the mark')).split('\n');
  assert.deepEqual(lines.slice(0, -1), []);
});
