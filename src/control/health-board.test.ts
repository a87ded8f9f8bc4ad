import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan, PoolPlan } from '../config/plan.ts';
import type { PassiveFrame } from '../plane/worker-protocol.ts';
import { checkPlan, ipv4, planOf, poolPlan, serverPlan } from './health/test-plan.ts';
import { BoardBench } from './server-states/board-testkit.ts';

const CHECK = checkPlan();
const AGENT = { digest: 'a', everyMs: 1_000, timeoutMs: 500, port: 9, send: '' };

/** Pool `p` with servers 1 … count on 10.0.0.1 … at ports 1 …. */
function pool(count = 2, parts: Partial<PoolPlan> = {}): PoolPlan {
  const servers = Array.from({ length: count }, (_, i) => {
    const name = String(i + 1);
    return { ...serverPlan('p', name, ipv4(`10.0.0.${name}`, i + 1)), weight: 10 };
  });
  return { ...poolPlan('p', CHECK, servers), ...parts };
}

function started(parts: Partial<PoolPlan> = {}, count = 2): BoardBench {
  const bench = new BoardBench(planOf([pool(count, parts)]));
  if (parts.check === null) return bench;
  for (let port = 1; port <= count; port++) bench.probed(port, 'check-passed');
  return bench;
}

const ejected = (server: string, forMs: number): PassiveFrame => {
  return { type: 'passive', server, change: 'ejected', reason: 'failures', detail: '5', forMs };
};

test('HealthBoard: each column changes alone, and the others stay', async () => {
  const bench = started({ agent: AGENT });
  assert.equal(bench.short('p/1'), 'up ready 10');
  await bench.board.setOperator(['p/1'], { administrative: 'drain' });
  assert.equal(bench.short('p/1'), 'up drain 10');
  bench.probed(1, 'connect-refused');
  bench.probed(1, 'connect-refused');
  assert.equal(bench.short('p/1'), 'down drain 10');
  await bench.board.setOperator(['p/1'], { weight: 3 });
  assert.equal(bench.short('p/1'), 'down drain 3');
  bench.agentSays('10.0.0.1', '50% maint');
  assert.equal(bench.short('p/1'), 'down drain 3');
  await bench.board.setOperator(['p/1'], { administrative: 'ready' });
  assert.equal(bench.short('p/1'), 'down maintenance 3');
  await bench.board.setOperator(['p/1'], { weight: null });
  assert.equal(bench.short('p/1'), 'down maintenance 5');
  bench.agentSays('10.0.0.1', 'ready');
  assert.equal(bench.board.view('p/1')!.combined.administrative, 'ready');
  assert.equal(bench.short('p/2'), 'up ready 10');
});

test('HealthBoard tells why a server is down that was assumed to be, once', () => {
  const bench = new BoardBench(planOf([pool(1, { check: checkPlan({ start: 'down' }) })]));
  assert.deepEqual(bench.log(), []);
  bench.probed(1, 'auth-failed');
  bench.probed(1, 'connect-refused');
  assert.deepEqual(bench.events(), ['p/1 observed down>down auth-failed']);
  assert.deepEqual(bench.log(), ['warn p/1 server is down']);
  assert.deepEqual(bench.told, [], 'the workers know it already');
});

test('HealthBoard tells once per pool that checks cannot be made, and shows why', () => {
  const pools = ['a', 'b'].map((digest) =>
    pool(2, { check: checkPlan({ start: 'down', digest }) }),
  );
  const bench = new BoardBench(planOf([pools[0]!]));
  for (let i = 0; i < 2; i++) for (const port of [1, 2]) bench.probed(port, 'local-setup');
  assert.deepEqual(bench.log(), ['warn p/1 check cannot be made']);
  // Told again of another check, for that is how people mend it.
  bench.board.apply(planOf([pools[1]!]));
  bench.lines.length = 0;
  for (let i = 0; i < 2; i++) for (const port of [1, 2]) bench.probed(port, 'local-setup');
  const { state, reason, detail } = bench.board.view('p/1')!.observed;
  assert.deepEqual([state, reason, detail], ['down', 'local-setup', 'text']);
  bench.probed(1, 'check-passed');
  assert.equal(bench.lines.filter(({ message }) => /check can/.test(message)).length, 1);
  bench.probed(2, 'connect-refused');
  assert.deepEqual(bench.log(), [
    'warn p/1 check cannot be made',
    'info p/1 server is up',
    'info undefined check can be made again',
    'warn p/2 server is down',
  ]);
  assert.deepEqual(bench.events().at(-1), 'p/2 observed down>down connect-refused');
});

test('HealthBoard tells workers, log and events of each change once, with its reason', async () => {
  const bench = started();
  bench.told.length = 0;
  bench.lines.length = 0;
  await bench.board.setOperator(['p/1', 'p/2'], { administrative: 'drain' });
  await bench.board.setOperator(['p/1'], { administrative: 'drain' });
  assert.equal(bench.told.length, 1);
  assert.deepEqual(bench.told[0], [
    { key: 'p/1', state: 'up', administrative: 'drain', weight: null, maxConnections: null },
    { key: 'p/2', state: 'up', administrative: 'drain', weight: null, maxConnections: null },
  ]);
  await bench.board.setOperator(['p/1'], { administrative: 'ready', weight: 0 });
  assert.deepEqual(bench.frame('p/1'), {
    key: 'p/1',
    state: 'up',
    administrative: 'ready',
    weight: 0,
    maxConnections: null,
  });
  assert.deepEqual(bench.events().slice(2), [
    'p/1 administrative ready>drain operator',
    'p/2 administrative ready>drain operator',
    'p/1 administrative drain>ready operator',
    'p/1 administrative weight 10>weight 0 operator',
  ]);
  assert.deepEqual(bench.log(), [
    'info p/1 server is draining',
    'info p/2 server is draining',
    'info p/1 server is ready',
    'info p/1 server has another weight',
  ]);
});

test('HealthBoard: checks go on in drain and stop in maintenance, and begin anew after', async () => {
  const bench = started();
  await bench.board.setOperator(['p/1'], { administrative: 'drain' });
  bench.probed(1, 'check-passed');
  await bench.board.setOperator(['p/1'], { administrative: 'maintenance' });
  bench.clock.advance(10_000);
  assert.equal(bench.isProbing(1), false);
  assert.equal(bench.short('p/1'), 'up maintenance 10');
  bench.told.length = 0;
  await bench.board.setOperator(['p/1'], { administrative: 'ready' });
  // In one frame: it never counts as ready with the verdict of long ago.
  assert.deepEqual(
    bench.told.flat().map(({ state, administrative }) => [state, administrative]),
    [['unknown', 'ready']],
  );
  bench.probed(1, 'check-passed');
  assert.equal(bench.short('p/1'), 'up ready 10');
});

test('HealthBoard: an agent that is down makes the server down, with its own reason', () => {
  const bench = started({ agent: AGENT });
  bench.agentSays('10.0.0.1', 'stopped # by hand');
  const { observed, check } = bench.board.view('p/1')!;
  assert.deepEqual(
    [observed.state, observed.reason, observed.detail],
    ['down', 'agent-stopped', 'by hand'],
  );
  assert.equal(check.observed, 'up');
  assert.equal(bench.frame('p/1')!.state, 'down');
  bench.agentSays('10.0.0.1', 'up');
  assert.equal(bench.short('p/1'), 'up ready 10');
  assert.deepEqual(bench.events().slice(2), [
    'p/1 observed up>down agent-stopped',
    'p/1 observed down>up agent-up',
  ]);
});

test('HealthBoard logs once that an agent is silent, and once that it is not', () => {
  const bench = started({ agent: AGENT }, 1);
  bench.agentSays('10.0.0.1', 'drain');
  bench.lines.length = 0;
  for (let i = 0; i < 3; i++) bench.agentSays('10.0.0.1', null);
  assert.equal(bench.short('p/1'), 'up drain 10');
  bench.agentSays('10.0.0.1', 'drain');
  bench.agentSays('10.0.0.1', 'drain');
  assert.deepEqual(bench.log(), ['warn p/1 agent does not answer', 'info p/1 agent answers again']);
});

test('HealthBoard: an agent that moves its weight fills neither the log nor the events', () => {
  const bench = started({ agent: AGENT }, 1);
  const events = bench.events().length;
  bench.lines.length = 0;
  for (const line of ['10%', '20%', '30% maxconn:7']) bench.agentSays('10.0.0.1', line);
  assert.equal(bench.events().length, events);
  assert.deepEqual(bench.log(), []);
  assert.equal(bench.frame('p/1')!.weight, 3);
  assert.equal(bench.frame('p/1')!.maxConnections, 7);
});

test('HealthBoard shows an ejection until its time, beside the verdict of the check', () => {
  const bench = started();
  bench.told.length = 0;
  bench.board.takePassive(ejected('p/1', 5_000));
  const { observed, ejection, check } = bench.board.view('p/1')!;
  assert.equal(observed.state, 'ejected');
  assert.equal(observed.untilMs! - observed.sinceMs, 5_000);
  assert.deepEqual([ejection!.reason, check.observed], ['failures', 'up']);
  bench.clock.advance(5_100);
  bench.board.takePassive(ejected('p/1', 10_000));
  bench.clock.advance(20_000);
  assert.equal(bench.board.view('p/1')!.observed.state, 'up');
  assert.deepEqual(bench.events().slice(2), [
    'p/1 observed up>ejected failures',
    'p/1 observed ejected>up ejection-over',
    'p/1 observed up>ejected failures',
    'p/1 observed ejected>up ejection-over',
  ]);
  assert.ok(bench.log().includes('warn p/1 server is ejected'));
  // The workers know it by the memory that they share.
  assert.equal(bench.told.length, 0);
  bench.board.takePassive(ejected('p/gone', 5_000));
  assert.equal(bench.board.view('p/gone'), null);
});

test('HealthBoard: down goes before ejected', () => {
  const bench = started();
  bench.board.takePassive(ejected('p/1', 60_000));
  bench.probed(1, 'connect-refused');
  bench.probed(1, 'connect-refused');
  assert.equal(bench.board.view('p/1')!.observed.state, 'down');
  bench.probed(1, 'check-passed');
  bench.probed(1, 'check-passed');
  assert.equal(bench.board.view('p/1')!.observed.state, 'ejected');
});

test('HealthBoard keeps what operators asked for through plans in which a server is gone', async () => {
  const bench = started();
  await bench.board.setOperator(['p/2'], { administrative: 'drain', weight: 4 });
  bench.board.apply(planOf([pool(1)]));
  assert.equal(bench.board.view('p/2'), null);
  const next = planOf([pool(2)]);
  // Workers get it together with the plan, before it is in force here.
  assert.deepEqual(bench.board.framesFor(next)[1], {
    key: 'p/2',
    state: 'unknown',
    administrative: 'drain',
    weight: 4,
    maxConnections: null,
  });
  bench.board.apply(next);
  assert.equal(bench.short('p/2'), 'unknown drain 4');
  assert.deepEqual(bench.events().slice(-2), [
    'p/2 configured weight 10>absent removed',
    'p/2 configured absent>weight 10 added',
  ]);
});

test('HealthBoard says whether what was asked for is kept', async () => {
  const bench = started();
  assert.deepEqual(await bench.board.setOperator(['p/1'], { administrative: 'drain' }), {
    inFile: false,
    why: 'set "state" in the configuration to a folder',
  });
});

/** Pool `p` with a check, and pool `q` with the same servers under other ports. */
function linked(parts: Partial<PoolPlan> = {}): Plan {
  const servers = [
    serverPlan('q', '1', ipv4('10.9.9.9', 7)),
    serverPlan('q', 'other', ipv4('10.0.0.2', 8)),
    serverPlan('q', 'none', ipv4('10.0.0.3', 9)),
  ];
  const follower = { ...poolPlan('q', null, servers), verdictsOf: 0, ...parts };
  return planOf([pool(2), follower]);
}

test('HealthBoard: a pool takes the verdicts of another by name, else by host', () => {
  const bench = new BoardBench(linked());
  assert.equal(bench.board.view('q/1')!.check.observed, 'unknown');
  bench.probed(1, 'check-passed');
  bench.probed(2, 'connect-refused');
  assert.equal(bench.board.view('q/1')!.observed.state, 'up');
  const { observed } = bench.board.view('q/other')!;
  assert.deepEqual([observed.state, observed.reason], ['down', 'connect-refused']);
  assert.deepEqual(bench.frame('q/other')!.state, 'down');
  const none = bench.board.view('q/none')!;
  assert.deepEqual([none.observed.state, none.observed.reason], ['unknown', 'no-counterpart']);
  assert.deepEqual(bench.events(), [
    'p/1 observed unknown>up check-passed',
    'q/1 observed unknown>up check-passed',
    'p/2 observed unknown>down connect-refused',
    'q/other observed unknown>down connect-refused',
  ]);
});

test('HealthBoard: a check goes on while a server that follows it is in use', async () => {
  const bench = new BoardBench(linked());
  bench.probed(1, 'check-passed');
  await bench.board.setOperator(['p/1'], { administrative: 'maintenance' });
  bench.probed(1, 'connect-refused');
  bench.probed(1, 'connect-refused');
  assert.equal(bench.short('q/1'), 'down ready 1');
  assert.equal(bench.short('p/1'), 'down maintenance 10');
  await bench.board.setOperator(['q/1'], { administrative: 'maintenance' });
  bench.clock.advance(10_000);
  assert.equal(bench.isProbing(1), false);
  await bench.board.setOperator(['q/1'], { administrative: 'ready' });
  bench.probed(1, 'check-passed');
  assert.equal(bench.short('q/1'), 'up ready 1');
  assert.equal(bench.short('p/1'), 'up maintenance 10');
});

test('HealthBoard: a pool that no longer follows is taken as up, and told so', () => {
  const bench = new BoardBench(linked());
  bench.probed(2, 'connect-refused');
  bench.board.apply(linked({ verdictsOf: null }));
  assert.equal(bench.board.view('q/other')!.observed.state, 'up');
  assert.ok(bench.events().includes('q/other observed down>up not-checked'));
});

test('HealthBoard stop leaves no timer', () => {
  const bench = started({ agent: AGENT });
  bench.board.takePassive(ejected('p/1', 60_000));
  bench.board.stop();
  assert.equal(bench.clock.timers, 0);
});
