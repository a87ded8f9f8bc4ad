// The check of Redis against real servers: roles, logins, a link that goes down, TLS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { RedisProbePlan } from '../../src/config/plan-check.ts';
import type { ProbeResult } from '../../src/control/health/probe.ts';
import { certificatesSkip, tlsPlan } from '../../src/control/health/test-certificates.ts';
import { ipv4 } from '../../src/control/health/test-plan.ts';
import { probeOnce, redisPlan, secret } from '../../src/control/health/test-probe-plans.ts';
import { freePort } from '../kit/free-ports.ts';
import { until } from '../kit/wait.ts';
import { DatabaseCertificates } from './certificates.ts';
import { REDIS_PROGRAM, RedisServer } from './redis-server.ts';
import { missingProgram } from './unprivileged.ts';

const skip = missingProgram(REDIS_PROGRAM);

async function ask(server: RedisServer, parts: Partial<RedisProbePlan>): Promise<ProbeResult> {
  return probeOnce(ipv4('127.0.0.1', server.port), redisPlan(parts));
}

/** Waits until the check of a server ends with a reason. */
async function untilReason(
  server: RedisServer,
  parts: Partial<RedisProbePlan>,
  reason: string,
): Promise<ProbeResult> {
  const what = `${reason} of the server at ${server.port}`;
  return until(
    async () => {
      const result = await ask(server, parts);
      return result.reason === reason ? result : null;
    },
    { what, everyMs: 50 },
  );
}

test('redis: the role of a primary and of its replica', { skip }, async () => {
  await using primary = await RedisServer.start(['--repl-diskless-sync-delay', '0']);
  const link = ['--replicaof', `127.0.0.1 ${primary.port}`];
  await using replica = await RedisServer.start(link);
  assert.equal((await ask(primary, { role: 'primary' })).detail, 'primary');
  assert.equal((await ask(primary, { role: 'any' })).detail, 'PONG');
  assert.equal((await ask(primary, { role: 'replica' })).reason, 'role');
  const parts = { role: 'replica', maxLagMs: 30_000 } as const;
  const linked = await untilReason(replica, parts, 'check-passed');
  assert.match(linked.detail, /^replica, primary silent for [0-9] s$/);
  assert.equal((await ask(replica, { role: 'primary' })).reason, 'role');

  // The primary dies: the replica still serves, and is behind.
  await primary.kill();
  const lost = await untilReason(replica, parts, 'lag');
  assert.match(lost.detail, /^replica, link to its primary down for [0-9]+ s$/);
  assert.equal((await ask(replica, { role: 'replica' })).reason, 'check-passed');
  // Told not to serve old data, it says so to everybody.
  await replica.run(['CONFIG', 'SET', 'replica-serve-stale-data', 'no']);
  assert.deepEqual(
    await ask(replica, { role: 'any' }).then(({ reason, detail }) => [reason, detail]),
    ['lag', 'MASTERDOWN to PING'],
  );
  // Promoted.
  await replica.run(['REPLICAOF', 'NO', 'ONE']);
  assert.equal((await ask(replica, { role: 'primary' })).reason, 'check-passed');
});

test('redis: logins by password, and by user and password', { skip }, async () => {
  await using server = await RedisServer.start(['--requirepass', 'word']);
  const login = ['AUTH', 'word'];
  const acl = ['ACL', 'SETUSER', 'monitor', 'on', '>own word', '+ping'];
  assert.deepEqual(await server.run(acl, login), { kind: 'text', text: 'OK' });
  const monitor = { user: 'monitor', password: secret('own word') };
  const cases: readonly (readonly [Partial<RedisProbePlan>, string, string])[] = [
    [{ password: secret('word'), role: 'primary' }, 'check-passed', 'primary'],
    [monitor, 'check-passed', 'PONG'],
    [{ ...monitor, role: 'primary' }, 'auth-failed', 'NOPERM to INFO'],
    [{ ...monitor, password: secret('word') }, 'auth-failed', 'WRONGPASS to AUTH'],
    [{ password: secret('other') }, 'auth-failed', 'WRONGPASS to AUTH'],
    [{}, 'auth-failed', 'NOAUTH to PING'],
  ];
  for (const [parts, reason, detail] of cases) {
    const result = await ask(server, parts);
    assert.deepEqual([result.reason, result.detail], [reason, detail]);
  }
  await using open = await RedisServer.start();
  const unasked = await ask(open, { password: secret('word') });
  assert.deepEqual([unasked.reason, unasked.detail], ['auth-failed', 'ERR to AUTH']);
});

test('redis: a server that takes no more clients, hangs or dies', { skip }, async () => {
  await using server = await RedisServer.start(['--maxclients', '1']);
  const holder = connect(server.port, '127.0.0.1');
  holder.write('PING\r\n');
  await once(holder, 'data');
  // It says so and closes, which may overtake its words.
  const full = await ask(server, {});
  assert.ok(['too-many-clients', 'reset'].includes(full.reason), full.reason);
  holder.destroy();
  await untilReason(server, {}, 'check-passed');
  server.signal('SIGSTOP');
  const hung = await probeOnce(ipv4('127.0.0.1', server.port), redisPlan(), 200);
  assert.equal(hung.reason, 'timeout');
  server.signal('SIGCONT');
  await untilReason(server, {}, 'check-passed');
  await server.kill();
  assert.equal((await ask(server, {})).reason, 'connect-refused');
});

test('redis: TLS', { skip: skip || certificatesSkip }, async () => {
  using made = new DatabaseCertificates();
  const files = ['--tls-cert-file', made.certFile, '--tls-key-file', made.keyFile];
  const ca = ['--tls-ca-cert-file', made.caFile, '--tls-auth-clients', 'no'];
  await using server = await RedisServer.start([...files, ...ca]);
  const port = await freePort();
  const set = await server.run(['CONFIG', 'SET', 'tls-port', String(port)]);
  assert.deepEqual(set, { kind: 'text', text: 'OK' });
  const address = ipv4('127.0.0.1', port);
  const passed = await probeOnce(address, redisPlan({ role: 'primary', tls: made.trusting }));
  assert.equal(passed.reason, 'check-passed', passed.detail);
  const wary = await probeOnce(address, redisPlan({ tls: tlsPlan() }));
  assert.equal(wary.reason, 'certificate-untrusted');
});
