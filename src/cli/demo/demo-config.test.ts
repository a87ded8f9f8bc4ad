import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { demoConfig } from './demo-config.ts';
import { logEvent, trafficLine } from './event-line.ts';

test('demoConfig makes a configuration without mistakes or warnings', () => {
  const text = demoConfig({
    web: '127.0.0.1:8080',
    admin: '127.0.0.1:9900',
    servers: [{ name: 'alder', address: '127.0.0.1:4001' }],
    accessLog: '/tmp/access.log',
  });
  const { plan, diagnostics } = loadConfig(text, 'demo.yaml', { readFile: () => null, cores: 2 });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(plan?.pools.map(({ key }) => key).sort(), ['admin', 'web']);
});

test('logEvent tells of servers and workers in words, and is silent about the rest', () => {
  const event = (entry: object) => logEvent(JSON.stringify({ level: 'info', ...entry }), false);
  const down = { message: 'server is down', server: 'web/birch', reason: 'timeout', detail: '' };
  assert.match(event(down), /▼ birch is down \(timeout\)/);
  assert.match(event({ message: 'server is up', server: 'web/birch' }), /▲ birch is up\n$/);
  assert.match(
    event({ message: 'worker is gone', worker: 1, pid: 7, why: 'was ended by SIGKILL' }),
    /▼ worker 1 \(pid 7\) was ended by SIGKILL: its spare takes over/,
  );
  assert.equal(event({ message: 'server is up', server: 'admin/x' }), '');
  assert.equal(event({ message: 'something else' }), '');
  assert.match(event({ level: 'error', time: '', message: 'bad' }), /ERROR bad/);
});

test('trafficLine shows the rate, the failures and who answered', () => {
  const byServer = new Map([
    ['b', 2],
    ['a', 3],
  ]);
  const line = trafficLine({ requests: 10, failed: 1, byServer }, 5, false);
  assert.match(line, / · 2 requests\/s, 1 failed {3}a 3 {2}b 2\n$/);
});
