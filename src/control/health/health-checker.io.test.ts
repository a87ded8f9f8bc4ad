import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemHealthClock } from './health-clock.ts';
import { HealthChecker } from './health-checker.ts';
import type { HealthChange } from './health-checker.ts';
import { runProbe } from './run-probe.ts';
import { checkPlan, httpProbePlan, planOf, poolPlan, serverPlan } from './test-plan.ts';
import { TestServer, answering } from './test-server.ts';

const QUICK = { everyMs: 30, downEveryMs: 20, changingEveryMs: 20, timeoutMs: 300 };
const GOOD = answering('HTTP/1.1 200 OK\r\n\r\n');
const BAD = answering('HTTP/1.1 503 No\r\n\r\n');

function begin(t: TestContext): [HealthChecker, EventEmitter] {
  const news = new EventEmitter();
  const checker = new HealthChecker({
    clock: systemHealthClock,
    random: Math.random,
    probe: runProbe,
    onChange: (change) => news.emit(change.to, change),
  });
  t.after(() => checker.stop());
  return [checker, news];
}

test('HealthChecker follows a real server up, down and up again, through a reload', async (t) => {
  const server = await TestServer.start(GOOD);
  t.after(async () => server.stop());
  const [checker, news] = begin(t);
  const servers = [serverPlan('web', 'a', server.address)];
  const apply = (): void => {
    const check = checkPlan({ ...QUICK, probe: httpProbePlan() });
    checker.apply(planOf([poolPlan('web', check, servers)]));
  };
  const up = once(news, 'up');
  apply();
  await up;

  const down = once(news, 'down');
  server.behave = BAD;
  const [change] = (await down) as [HealthChange];
  assert.equal(change.from, 'falling');
  assert.equal(change.reason, 'status');
  assert.equal(change.detail, 'status 503, expected 200-299');

  const upAgain = once(news, 'up');
  apply();
  assert.equal(checker.state('web/a')?.observed, 'down');
  server.behave = GOOD;
  await upAgain;
  checker.stop();
  await server.quiet();
});
