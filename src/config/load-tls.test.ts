import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import type { TlsProbePlan } from './plan-check.ts';
import type { Plan, PoolPlan } from './plan.ts';

function load(text: string, options: Partial<LoadOptions> = {}): LoadResult {
  return loadConfig(text, '/etc/ballast.yaml', { readFile: () => null, cores: 1, ...options });
}

function plan(text: string): Plan {
  const result = load(text);
  assert.deepEqual(
    result.diagnostics.filter(({ code }) => code !== 'BAL_CONFIG_CHECK_FILE'),
    [],
  );
  return result.plan!;
}

/** The pool of a file with one pool, whose keys are given. */
function pool(keys: string): PoolPlan {
  const text = `listeners: { web: { bind: 0.0.0.0:80, pool: web } }\npools: { web: { ${keys} } }`;
  return plan(text).pools[0]!;
}

function checkTls(keys: string): TlsProbePlan | null {
  const { probe } = pool(`servers: [10.0.0.1:443], ${keys}`).check!;
  assert.ok('tls' in probe);
  return probe.tls;
}

const DEFAULTS = { verify: true, serverName: '', caFile: '', certFile: '', keyFile: '' };

const KINDS = [
  'tcp: {}',
  'http: {}',
  'redis: {}',
  'ldap: {}',
  'smtp: {}',
  'grpc: {}',
  'postgres: { user: a }',
  'mysql: { user: a }',
];

for (const kind of KINDS) {
  test(`a check "${kind}" speaks TLS as its pool does`, () => {
    const check = `check: { ${kind} }`;
    assert.equal(checkTls(check), null);
    assert.deepEqual(checkTls(`tls: true, ${check}`), DEFAULTS);
    const given = `tls: { verify: false, cert: us.pem, key: us.key, alpn: [http/1.1], profile: modern }`;
    const files = { certFile: '/etc/us.pem', keyFile: '/etc/us.key' };
    assert.deepEqual(checkTls(`${given}, ${check}`), { ...DEFAULTS, ...files, verify: false });
  });
}

test('tls of a check counts before that of the pool; true means that of the pool', () => {
  const tls = 'tls: { ca: pool.pem }';
  const ofPool = { ...DEFAULTS, caFile: '/etc/pool.pem' };
  assert.equal(checkTls(`${tls}, check: { http: { tls: false } }`), null);
  assert.deepEqual(checkTls(`${tls}, check: { http: { tls: true } }`), ofPool);
  assert.deepEqual(checkTls(`${tls}, check: { http: { tls: { verify: false } } }`), {
    ...DEFAULTS,
    verify: false,
  });
});

test('a check with a port of its own speaks TLS only where it says so', () => {
  const tls = 'tls: { ca: pool.pem }';
  assert.equal(checkTls(`${tls}, check: { http: {}, port: 81 }`), null);
  const ofPool = { ...DEFAULTS, caFile: '/etc/pool.pem' };
  assert.deepEqual(checkTls(`${tls}, check: { http: { tls: true }, port: 81 }`), ofPool);
});

test('startTls of a check takes the settings of its pool', () => {
  assert.deepEqual(checkTls('check: { smtp: { startTls: true } }'), DEFAULTS);
  const tls = checkTls('tls: { ca: pool.pem }, check: { smtp: { startTls: true } }');
  assert.deepEqual(tls, { ...DEFAULTS, caFile: '/etc/pool.pem' });
});

test('servers are held to their own name, that of the pool, that of the file, or their address', () => {
  const servers =
    '[10.0.0.1:1, "[2001:DB8::1]:1", unix:/run/a.sock, { address: 10.0.0.2:1, serverName: own.test }]';
  const names = (keys: string): string[] => {
    const { servers: all, names: named } = pool(keys);
    return [...all, ...named].map(({ tlsName }) => tlsName);
  };
  const own = ['10.0.0.1', '2001:db8::1', 'localhost', 'own.test'];
  assert.deepEqual(names(`servers: ${servers}, tls: true`), own);
  const given = ['pool.test', 'pool.test', 'pool.test', 'own.test'];
  assert.deepEqual(names(`servers: ${servers}, tls: { serverName: pool.test }`), given);
  assert.deepEqual(names('servers: [db.test:1, "srv:_a._tcp.test"]'), ['db.test', '']);
  const tls = 'tls: { serverName: a.test }';
  assert.deepEqual(names(`servers: [db.test:1, "srv:_a._tcp.test"], ${tls}`), ['a.test', 'a.test']);
});

const ACME = `certificates: { a: { acme: { names: a.test, challenge: tls-alpn-01 } } }
listeners: { web: { bind: 0.0.0.0:443, tls: true, pool: web } }
pools: { web: { servers: [10.0.0.1:80] } }`;

test('ACME without a folder for its state is refused to run, and warned of to be looked at', () => {
  const found = (options: Partial<LoadOptions>, text = ACME): string[] =>
    load(text, options).diagnostics.map(({ code, severity }) => `${code} ${severity}`);
  assert.deepEqual(found({}), ['BAL_CONFIG_NEEDS_STATE error']);
  assert.deepEqual(found({ isRehearsal: true }), ['BAL_CONFIG_NEEDS_STATE warning']);
  assert.deepEqual(found({ stateDirectory: '/var/lib/ballast' }), []);
  const off = `state: off\n${ACME}`;
  const options = { isRehearsal: true, stateDirectory: '/var/lib/ballast' };
  assert.deepEqual(found(options, off), ['BAL_CONFIG_NEEDS_STATE error']);
});

test('a listener ends TLS with the certificates that it names, else with all of the file', () => {
  const certificates = 'certificates: { a: { cert: a.pem }, b: { cert: b.pem } }';
  const ends = (tls: string): unknown => {
    const listener = `listeners: { web: { bind: 0.0.0.0:443, tls: ${tls}, pool: web }, all: { bind: 0.0.0.0:444, tls: true, pool: web } }`;
    const text = `${certificates}\n${listener}\npools: { web: { servers: [10.0.0.1:80] } }`;
    const [first] = plan(text).listeners;
    assert.ok(first?.protocol === 'http' && first.tls !== null);
    return [first.tls.certificates.join(), first.tls.defaultCertificate];
  };
  assert.deepEqual(ends('true'), ['a,b', 'a']);
  assert.deepEqual(ends('{}'), ['a,b', 'a']);
  assert.deepEqual(ends('b'), ['b', 'b']);
  assert.deepEqual(ends('[b, a]'), ['b,a', 'b']);
  assert.deepEqual(ends('{ certificates: b }'), ['b', 'b']);
  assert.deepEqual(ends('{ default: b }'), ['a,b', 'b']);
  assert.deepEqual(ends('{ certificates: [b, a], default: refuse }'), ['b,a', null]);
});
