import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BallastError } from '../../base/errors.ts';
import { ipv4, planOf, poolPlan, serverPlan } from '../health/test-plan.ts';
import { findServers } from './find-servers.ts';

function pool(key: string, names: readonly string[]): ReturnType<typeof poolPlan> {
  const servers = names.map((name, i) => serverPlan(key, name, ipv4('10.0.0.1', i)));
  return poolPlan(key, null, servers);
}

const PLAN = planOf([
  pool('web', ['alpha', 'beta', '10.0.0.1:80']),
  pool('pg', ['db/10.0.0.1:5432', 'db/10.0.0.2:5432', 'other']),
  pool('empty', []),
]);

const FOUND: readonly (readonly [string, readonly string[]])[] = [
  ['web/alpha', ['web/alpha']],
  ['web/10.0.0.1:80', ['web/10.0.0.1:80']],
  ['pg/db/10.0.0.1:5432', ['pg/db/10.0.0.1:5432']],
  ['web/*', ['web/alpha', 'web/beta', 'web/10.0.0.1:80']],
  ['pg/db/*', ['pg/db/10.0.0.1:5432', 'pg/db/10.0.0.2:5432']],
  ['w*/10.0.0.1*', ['web/10.0.0.1:80']],
  ['*10.0.0.1:*', ['web/10.0.0.1:80', 'pg/db/10.0.0.1:5432']],
  ['web/*a', ['web/alpha', 'web/beta']],
  ['web/a*p*a', ['web/alpha']],
  ['web/alpha*', ['web/alpha']],
  ['web/alp*lpha', []],
];

for (const [pattern, keys] of FOUND) {
  test(`findServers: ${pattern} means ${keys.length} servers`, () => {
    if (keys.length > 0) assert.deepEqual(findServers(PLAN, pattern), keys);
    else assert.throws(() => findServers(PLAN, pattern), { code: 'BAL_SERVER_UNKNOWN' });
  });
}

const HINTS: readonly (readonly [string, RegExp, RegExp])[] = [
  ['web/alpah', /there is no server "web\/alpah"/, /did you mean "web\/alpha"\?/],
  ['wep/alpha', /there is no server "wep\/alpha"/, /no pool "wep": did you mean "web"\?/],
  ['web', /there is no server "web"/, /the servers of "web" are web\/alpha, web\/beta and web\/10/],
  ['alpha', /there is no server "alpha"/, /written POOL\/SERVER, and the pools are web, pg and e/],
  ['empty/x', /there is no server/, /the pool "empty" has no server at present/],
  ['web/x*', /no server matches "web\/x\*"/, /the servers of "web" are/],
  ['__proto__/x', /there is no server/, /no pool "__proto__": allowed: web, pg, empty/],
];

for (const [pattern, message, hint] of HINTS) {
  test(`findServers: ${pattern} is an error that says what there is`, () => {
    assert.throws(
      () => findServers(PLAN, pattern),
      (error: BallastError) => {
        assert.equal(error.code, 'BAL_SERVER_UNKNOWN');
        assert.match(error.message, message);
        assert.match(error.hint!, hint);
        return true;
      },
    );
  });
}

test('findServers takes no time for a pattern of stars', () => {
  const long = 'a'.repeat(20_000);
  const plan = planOf([pool('web', [long])]);
  const begin = performance.now();
  assert.throws(() => findServers(plan, `web/${'a*'.repeat(5_000)}b`));
  assert.equal(findServers(plan, `web/${'*a'.repeat(5_000)}`).length, 1);
  assert.ok(performance.now() - begin < 5_000);
});
