import assert from 'node:assert/strict';
import test from 'node:test';
import { TestSupervisor } from './supervisor-testkit.ts';

const ROUTES = 3_000;

test('GET /metrics leaves the loop free between pieces, and has each line once', async () => {
  const routes = Array.from({ length: ROUTES }, (_, place) => ({
    hosts: [`h${place}.example`],
    respond: { status: 200 },
  }));
  const config = {
    workers: 1,
    admin: '127.0.0.1:0',
    listeners: { web: { bind: '127.0.0.1:0', routes } },
  };
  await using it = await TestSupervisor.start(JSON.stringify(config));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  const lines = (await it.metrics()).split('\n').filter((line) => line !== '');
  clearInterval(timer);
  assert.ok(turns >= 3, `the loop turned ${turns} times`);
  const series = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.equal(new Set(series).size, series.length);
  const requests = series.filter((one) => one.startsWith('ballast_route_requests_total'));
  assert.equal(requests.length, ROUTES);
  assert.ok(!series.some((one) => one.startsWith('ballast_route_responses_total')));
  for (const line of lines) {
    assert.match(line, /^(?:# (?:HELP|TYPE) .+|[a-z_]+(?:\{[^}]*\})? -?[\d.e+-]+)$/);
  }
});
