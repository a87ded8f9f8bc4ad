// What is known of a server from elsewhere than its own check: agents, other pools, passive health.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { StateEvent } from '../../src/control/server-states/state-events.ts';
import { freePort } from '../kit/free-ports.ts';
import { answers, HeldServer, run, serverOf } from '../kit/held-server.ts';
import { startPair } from '../kit/pair.ts';
import { until } from '../kit/wait.ts';

/** An agent that says `line` to whoever asks. */
async function startAgent(): Promise<{ line: string; port: number } & Disposable> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${agent.line}\n`);
  });
  const agent = { line: 'up', port: 0, [Symbol.dispose]: () => void server.close() };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  agent.port = (server.address() as AddressInfo).port;
  return agent;
}

test('an agent drains its server and says when it is down; the operator goes before it', async () => {
  await using a = await HeldServer.start('a');
  using agent = await startAgent();
  await using pair = await startPair([a.plan], { agent: { port: agent.port, every: '50ms' } });
  const { ballast, port } = pair;
  const becomes = (what: string, isSo: (one: ReturnType<typeof serverOf>) => boolean) => {
    return until(async () => isSo(serverOf(await ballast.status(), 'a')), { what });
  };
  agent.line = 'drain';
  await becomes('drained by its agent', ({ administrative: { by } }) => by === 'agent');
  await until(async () => (await answers(port, 1)).has('503'), { what: 'no server' });
  agent.line = 'ready down # disk full';
  await becomes('down', ({ state, detail }) => state === 'down' && detail === 'disk full');
  assert.deepEqual(await answers(port, 2), new Set(['503']));
  agent.line = 'up 50%';
  await becomes('up', ({ state, agent: said }) => state === 'up' && said!.weightPercent === 50);
  await until(async () => (await answers(port, 1)).has('a'), { what: 'a to serve' });
  await run(pair, ['maintenance', 'web/a']);
  const { administrative } = serverOf(await ballast.status(), 'a');
  assert.deepEqual([administrative.state, administrative.by], ['maintenance', 'operator']);
  assert.ok((await ballast.metric('ballast_agent_checks_total', 'answered')) > 0);
});

test('a pool takes the verdicts of another by the host of its servers', async () => {
  await using a = await HeldServer.start('a');
  const dead = await freePort();
  const check = { http: { path: '/healthz' }, every: '100ms', port: a.origin.port };
  const other = { servers: [`127.0.0.1:${dead}`], check };
  const routes = [{ paths: '/other', pool: 'other' }, { pool: 'web' }];
  const top = { pools: { other } };
  const pool = { check: { sameAs: 'other' } };
  await using pair = await startPair([a.plan], pool, { top, listener: { routes } });
  await pair.ballast.serverState(a.origin.address, 'up');
  // A single check may come late on a loaded machine; the next one does not.
  await until(async () => serverOf(await pair.ballast.status(), 'a').reason === 'check-passed', {
    what: 'a verdict taken over from the other pool',
  });
  assert.deepEqual(await answers(pair.port, 2), new Set(['a']));
});

test('a server that passive health ejects is shown so until its time, with events and log', async () => {
  await using a = await HeldServer.start('a');
  const dead = { address: `127.0.0.1:${await freePort()}`, name: 'dead' };
  const passive = { failures: 3, on: ['connect'], eject: '1s', ejectMax: '1s' };
  const top = { workers: 2 };
  await using pair = await startPair([a.plan, dead], { passive }, { top });
  const { ballast, port } = pair;
  const ejected = await until(
    async () => {
      assert.deepEqual(await answers(port, 4), new Set(['a']));
      const server = serverOf(await ballast.status(), 'dead');
      return server.state === 'ejected' ? server : null;
    },
    { what: 'the dead server to be ejected' },
  );
  assert.equal(ejected.check.state, 'up');
  assert.ok(Date.parse(ejected.ejected!.until) > Date.parse(ejected.ejected!.since));
  await until(async () => serverOf(await ballast.status(), 'dead').state === 'up', {
    what: 'the end of the ejection',
  });
  const { events } = JSON.parse((await ballast.admin('GET', '/events')).text) as {
    events: StateEvent[];
  };
  const ours = events.filter(({ server }) => server === 'web/dead');
  const changes = ours.map(({ column, from, to }) => `${column} ${from} ${to}`);
  assert.equal(changes[0], 'observed up ejected');
  assert.ok(changes.includes('observed ejected up'), changes.join());
  assert.match(ballast.stderr, /"server":"web\/dead".*"server is ejected"/);
});
