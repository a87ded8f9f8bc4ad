import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { planForWorkers } from './plan-for-workers.ts';
import type { Plan } from './plan.ts';

const TEXT = `listeners:
  web:
    bind: 0.0.0.0:8080
    routes:
      - pools: [{ pool: a }, { pool: b }, { pool: c }, { pool: d }, { pool: e }, { pool: f }]
pools:
  a: { servers: [10.0.0.1:80], check: { mysql: { user: hidden, password: hidden, query: hidden } } }
  b:
    servers: [10.0.0.1:80]
    check: { tcp: { steps: [{ send: hidden }] } }
    agent: { port: 1, send: hidden }
  c: { servers: [10.0.0.1:80], check: { http: { headers: { Authorization: hidden } }, every: 3s } }
  d: { servers: [10.0.0.1:80], check: { redis: { tls: { ca: hidden } } } }
  e: { servers: [10.0.0.1:80], check: { exec: { command: [/bin/hidden] } } }
  f: { servers: [10.0.0.1:80] }
`;

function plan(): Plan {
  const readFile = (): Uint8Array => new Uint8Array();
  const result = loadConfig(TEXT, '/ballast.yaml', { readFile, cores: 1 });
  assert.deepEqual(result.diagnostics, []);
  assert.ok(result.plan);
  return result.plan;
}

test('planForWorkers leaves nothing of what checks and agents say', () => {
  assert.match(JSON.stringify(plan()), /hidden/);
  const kept = planForWorkers(plan());
  assert.doesNotMatch(JSON.stringify(kept), /hidden/);
  const hex = Buffer.from('hidden').toString('hex');
  assert.doesNotMatch(JSON.stringify(kept), new RegExp(hex));
});

test('planForWorkers leaves no digest to try passwords out on', () => {
  assert.doesNotMatch(JSON.stringify(planForWorkers(plan())), /[0-9a-f]{64}/);
});

test('planForWorkers changes nothing but probes, what agents are sent, and digests', () => {
  const whole = plan();
  const kept = planForWorkers(whole);
  assert.deepEqual(
    kept.pools.map((pool) => [pool.check?.everyMs, pool.agent?.port]),
    whole.pools.map((pool) => [pool.check?.everyMs, pool.agent?.port]),
  );
  const back = kept.pools.map((pool, i) => ({
    ...pool,
    check: whole.pools[i]?.check ?? null,
    agent: whole.pools[i]?.agent ?? null,
  }));
  assert.deepEqual({ ...kept, digest: whole.digest, pools: back }, whole);
  assert.equal(kept.pools[5]?.check, null);
});
