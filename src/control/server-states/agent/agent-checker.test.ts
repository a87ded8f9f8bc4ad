import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAgentReply } from '../../../codec/agent-reply.ts';
import type { AgentPlan } from '../../../config/plan-check.ts';
import type { Plan } from '../../../config/plan.ts';
import { ipv4, planOf, poolPlan, serverPlan } from '../../health/test-plan.ts';
import { HandClock } from '../hand-clock-testkit.ts';
import { AgentChecker } from './agent-checker.ts';
import type { AgentResult, AgentTarget } from './agent-probe.ts';
import type { AgentView } from './agent-state.ts';

type Running = { readonly target: AgentTarget; readonly done: (result: AgentResult) => void };

class Bench {
  readonly clock = new HandClock();
  readonly running: Running[] = [];
  readonly told: string[] = [];
  asked = 0;
  readonly checker = new AgentChecker({
    clock: this.clock,
    random: () => 0.5,
    ask: (target, done) => {
      this.asked += 1;
      const entry = { target, done };
      this.running.push(entry);
      return () => this.#take(entry);
    },
    onChange: (key) => void this.told.push(key),
  });

  /** Moves on to the next question and answers it; null does not answer. */
  says(line: string | null): AgentView {
    while (this.running.length === 0) this.clock.advance(10);
    const entry = this.running[0]!;
    this.#take(entry);
    if (line === null) entry.done({ kind: 'failed', detail: 'ECONNREFUSED' });
    else entry.done({ kind: 'answered', reply: parseAgentReply(Buffer.from(line)) });
    return this.checker.view('p/1')!;
  }

  #take(entry: Running): void {
    const place = this.running.indexOf(entry);
    if (place >= 0) this.running.splice(place, 1);
  }
}

function agentPlan(parts: Partial<AgentPlan> = {}): AgentPlan {
  const agent = { everyMs: 2_000, timeoutMs: 500, port: 9_990, send: 'hello\n', ...parts };
  return { ...agent, digest: JSON.stringify(agent) };
}

function plan(agent: AgentPlan | null, count = 1, host = '10.0.0.1'): Plan {
  const servers = Array.from({ length: count }, (_, i) => {
    return serverPlan('p', String(i + 1), ipv4(host, 80));
  });
  return planOf([{ ...poolPlan('p', null, servers), agent }]);
}

function started(agent: AgentPlan = agentPlan()): Bench {
  const bench = new Bench();
  bench.checker.apply(plan(agent));
  return bench;
}

test('AgentChecker asks at the port of the agent, soon, and then at its interval', () => {
  const bench = started();
  bench.clock.advance(499);
  assert.equal(bench.asked, 1);
  assert.deepEqual(bench.running[0]!.target, {
    host: '10.0.0.1',
    port: 9_990,
    send: 'hello\n',
    timeoutMs: 500,
  });
  bench.says('up');
  bench.clock.advance(1_740);
  assert.equal(bench.asked, 1);
  bench.clock.advance(20);
  assert.equal(bench.asked, 2);
});

test('AgentChecker keeps what a line does not speak of', () => {
  const bench = started();
  bench.says('drain 75% maxconn:9');
  bench.says('down#full');
  const { column, reason, detail } = bench.says('50%');
  assert.deepEqual(column, {
    administrative: 'drain',
    isDown: true,
    weightPercent: 50,
    maxConnections: 9,
  });
  assert.deepEqual([reason, detail], ['agent-down', 'full']);
  const after = bench.says('ready up');
  assert.equal(after.column.administrative, 'ready');
  assert.equal(after.column.isDown, false);
  assert.deepEqual([after.reason, after.detail], ['', '']);
});

for (const word of ['down', 'fail', 'stopped']) {
  test(`AgentChecker: "${word}" is down until the agent itself says up`, () => {
    const bench = started();
    const { column, reason } = bench.says(word);
    assert.equal(column.isDown, true);
    assert.equal(reason, `agent-${word}`);
    assert.equal(bench.says('ready').column.isDown, true);
    assert.equal(bench.says('').column.isDown, true);
    assert.equal(bench.says('up').column.isDown, false);
  });
}

test('AgentChecker: an agent that does not answer changes nothing', () => {
  const bench = started();
  const before = bench.says('maint 10%');
  const silent = bench.says(null);
  assert.deepEqual(silent, { ...before, failure: 'ECONNREFUSED' });
  assert.equal(bench.says('100%').failure, '');
  assert.deepEqual(bench.checker.counters, { answered: 2, failed: 1, unknownWords: 0 });
});

test('AgentChecker counts words that mean nothing', () => {
  const bench = started();
  assert.equal(bench.says('hello world drain').column.administrative, 'drain');
  assert.equal(bench.checker.counters.unknownWords, 2);
});

test('AgentChecker keeps what is known through a reload, unless it asks elsewhere', () => {
  const bench = started();
  bench.says('drain');
  const known = () => bench.checker.view('p/1')!.column.administrative;
  bench.checker.apply(plan(agentPlan({ everyMs: 100 })));
  assert.equal(known(), 'drain');
  bench.checker.apply(plan(agentPlan({ port: 1 })));
  assert.equal(known(), 'ready');
  assert.equal(bench.told.length, 2);
  bench.says('drain');
  bench.checker.apply(plan(agentPlan({ port: 1 }), 1, '10.0.0.2'));
  assert.equal(known(), 'ready');
});

test('AgentChecker asks nothing of a paused server, and begins again after', () => {
  const bench = started();
  bench.says('50%');
  bench.clock.advance(2_000);
  assert.equal(bench.running.length, 1);
  bench.checker.setPaused('p/1', true);
  assert.equal(bench.running.length, 0);
  const { asked } = bench;
  bench.clock.advance(60_000);
  bench.checker.apply(plan(agentPlan({ everyMs: 5_000 })));
  bench.clock.advance(60_000);
  assert.equal(bench.asked, asked);
  assert.equal(bench.checker.view('p/1')!.column.weightPercent, 50);
  bench.checker.setPaused('p/1', false);
  bench.clock.advance(500);
  assert.equal(bench.asked, asked + 1);
});

test('AgentChecker forgets agents that are gone and leaves no timer', () => {
  const bench = started();
  bench.says('drain');
  bench.checker.apply(plan(null));
  assert.equal(bench.checker.view('p/1'), null);
  assert.equal(bench.told.at(-1), 'p/1');
  assert.equal(bench.clock.timers, 0);
  bench.checker.apply(plan(agentPlan(), 3));
  bench.clock.advance(400);
  assert.equal(bench.running.length, 3);
  bench.checker.stop();
  assert.equal(bench.running.length, 0);
  assert.equal(bench.clock.timers, 0);
});

test('AgentChecker has no agent for a unix socket', () => {
  const bench = new Bench();
  const server = serverPlan('p', '1', { family: 'unix', host: '/run/a.sock', port: 0 });
  bench.checker.apply(planOf([{ ...poolPlan('p', null, [server]), agent: agentPlan() }]));
  assert.equal(bench.checker.view('p/1'), null);
});
