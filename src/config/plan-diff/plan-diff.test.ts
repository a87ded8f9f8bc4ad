import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../load.ts';
import type { Plan } from '../plan.ts';
import type { PlanChange } from './plan-change.ts';
import { planDiff } from './plan-diff.ts';

function planOf(text: string): Plan {
  const readFile = (): Uint8Array => Buffer.from('page');
  const { plan, diagnostics } = loadConfig(text, '/etc/b.yaml', { readFile, cores: 2 });
  assert.ok(plan !== null, JSON.stringify(diagnostics));
  return plan;
}

const RICH = `
admin: 127.0.0.1:9900
certificates:
  main: { cert: /c/main.pem, key: /c/main.key }
listeners:
  web:
    bind: [0.0.0.0:80, "[::1]:81"]
    trust: [10.0.0.0/8]
    errorPages: { 503: sorry.html }
    routes:
      - { name: api, hosts: [a.example.com], paths: [/api/*, /x], pool: api, headers: { x-token: hidden } }
      - { paths: ["~^/re"], respond: { status: 404, body: no } }
      - { pool: web, rewrite: { request: { set: { Authorization: hidden, X-A: b } } } }
  safe: { bind: 0.0.0.0:443, pool: web, tls: { certificates: [main] } }
  db: { bind: 0.0.0.0:5432, protocol: tcp, pool: db, proxyProtocol: { from: [10.0.0.0/8] } }
  sip: { bind: 0.0.0.0:5060, protocol: udp, pool: more }
pools:
  web:
    servers: [10.0.0.1:80, { address: 10.0.0.2:80, name: two }]
    check: { http: { path: /, headers: { Authorization: hidden }, body: ok } }
    tls: {}
  api: { servers: [10.0.0.3:80], agent: { port: 99, send: hidden }, passive: {} }
  more: { servers: [10.0.0.2:80], check: { sameAs: web }, balance: least-connections }
  tcp: { servers: [10.0.0.3:80], check: { tcp: { steps: [{ send: hidden }, { expect: ok }] } } }
  run: { servers: [10.0.0.3:80], check: { exec: { command: [/bin/true, hidden] } } }
  db:
    servers: [10.0.0.9:5432, "db.example.com:5432"]
    check: { postgres: { user: u, password: hidden, role: primary } }
`;

/** Changes in short: `~ listener web`. */
const short = (changes: readonly PlanChange[]): string[] => {
  const signs = { added: '+', removed: '-', changed: '~' };
  return changes.map(({ kind, name, change }) => `${signs[change]} ${kind} ${name}`.trim());
};

const diff = (before: string, after: string): PlanChange[] =>
  planDiff(planOf(before), planOf(after));

/** The one change from `RICH` that this replacement makes. */
function only(from: string, to: string): PlanChange {
  assert.ok(RICH.includes(from), from);
  const changes = diff(RICH, RICH.replace(from, to));
  assert.equal(changes.length, 1, JSON.stringify(changes, null, 1));
  return changes[0]!;
}

test('planDiff of the same plan is empty, also where pools stand in another order', () => {
  assert.deepEqual(diff(RICH, RICH), []);
  const [listeners, pools] = ['listeners: { l: { bind: 0.0.0.0:1, pool: b } }', 'pools: '];
  const [a, b] = ['a: { servers: [10.0.0.1:1] }', 'b: { servers: [10.0.0.2:1] }'];
  const text = (...order: string[]) => `${listeners}\n${pools}{ ${order.join(', ')} }`;
  assert.deepEqual(diff(text(a, b), text(b, a)), []);
});

test('planDiff says which setting of what changed, in the words of the file', () => {
  assert.deepEqual(only('admin: 127.0.0.1:9900', 'admin: 127.0.0.1:9901').fields, [
    { field: 'admin', from: '127.0.0.1:9900', to: '127.0.0.1:9901' },
  ]);
  const listener = only('trust: [10.0.0.0/8]', 'timeouts: { head: 90s }');
  assert.deepEqual(listener.fields, [
    { field: 'timeouts.head', from: '10s', to: '90s' },
    { field: 'trust', from: '10.0.0.0/8', to: 'none' },
  ]);
  assert.deepEqual(listener.effects, ['connections stay']);
  const check = only('path: /,', 'path: /health,');
  assert.deepEqual(
    [check.kind, check.name, check.fields],
    ['check', 'web', [{ field: 'http.steps[1].path', from: '/', to: '/health' }]],
  );
});

test('planDiff says what comes, what goes, and what it means for connections', () => {
  const gone = only('servers: [10.0.0.1:80, {', 'servers: [{');
  assert.deepEqual([gone.kind, gone.name, gone.change], ['server', 'web/10.0.0.1:80', 'removed']);
  assert.match(gone.effects.join(), /idle connections close; requests under way finish, sessions/);
  const removed = diff(RICH, RICH.replace(/\n {2}sip: .*/, ''));
  assert.deepEqual(short(removed), ['- listener sip', '- route sip/default']);
  assert.deepEqual(
    removed.map(({ effects }) => effects),
    [['its addresses are closed; sessions end'], []],
  );
  const moved = only('bind: 0.0.0.0:5432', 'bind: [0.0.0.0:5432, 0.0.0.0:5433]');
  assert.deepEqual(moved.effects, ['0.0.0.0:5433: opened']);
  const back = planDiff(
    planOf(RICH.replace('bind: 0.0.0.0:5432', 'bind: [0.0.0.0:5432, 0.0.0.0:5433]')),
    planOf(RICH),
  );
  assert.deepEqual(back[0]!.effects, ['0.0.0.0:5433: closed; sessions live on until they end']);
});

test('planDiff says when connections to servers are made anew', () => {
  const kept = only('passive: {} }', 'passive: {}, connectTimeout: 3s }');
  assert.deepEqual(kept.effects, ['connections stay, idle ones too']);
  const made = only('passive: {} }', 'passive: {}, proxyProtocol: {} }');
  assert.match(made.effects.join(), /idle connections close/);
});

test('planDiff does not take a route for another because one was put before it', () => {
  const first = '      - { hosts: [new.example.com], pool: web }\n      - { paths:';
  const changes = diff(RICH, RICH.replace('      - { paths:', first));
  assert.deepEqual(short(changes), ['+ route web/2']);
  assert.deepEqual(changes[0]!.fields[0], {
    field: 'hosts',
    from: null,
    to: 'new.example.com',
  });
});

test('planDiff never shows a secret, and says that it changed', () => {
  const other = RICH.replaceAll('hidden', 'HIDDEN');
  const changes = diff(RICH, other);
  assert.deepEqual(short(changes), [
    '~ route web/api',
    '~ route web/3',
    '~ check web',
    '~ agent api',
    '~ check tcp',
    '~ check run',
    '~ check db',
  ]);
  const everything = [changes, diff(RICH, EMPTY), diff(EMPTY, RICH)];
  const hex = Buffer.from('hidden').toString('hex');
  assert.doesNotMatch(JSON.stringify(everything), new RegExp(`hidden|${hex}`, 'i'));
  assert.match(JSON.stringify(changes), /\(secret\)/);
});

const EMPTY = 'listeners: { web: { bind: 0.0.0.0:80, routes: [{ respond: { status: 200 } }] } }';

/** Paths of all leaves of a plan that mean something. */
function* leavesOf(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<(string | number)[]> {
  if (typeof value !== 'object' || value === null) {
    yield [...path];
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const isNothing = ['version', 'digest', 'slot', 'key', 'name', 'tlsName'].includes(key);
    if (!isNothing) yield* leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

test('planDiff overlooks no setting: whatever leaf of a plan is another, there is a change', () => {
  const plan = planOf(RICH);
  let count = 0;
  for (const path of leavesOf(plan)) {
    const copy = structuredClone(plan) as unknown as Record<string | number, unknown>;
    let at = copy;
    for (const key of path.slice(0, -1)) at = at[key] as typeof copy;
    const last = path.at(-1)!;
    const value = at[last];
    // Things of their own.
    if (value === null && (last === 'check' || last === 'agent')) continue;
    at[last] =
      typeof value === 'number'
        ? last === 'pool'
          ? (value + 1) % plan.pools.length
          : value + 1_000
        : typeof value === 'boolean'
          ? !value
          : value === null
            ? last === 'verdictsOf'
              ? 1
              : 'other'
            : `${String(value)}AAAA`;
    assert.notDeepEqual(planDiff(plan, copy as unknown as Plan), [], path.join('.'));
    count += 1;
  }
  assert.ok(count > 300, `${count} leaves`);
});
