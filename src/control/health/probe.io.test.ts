import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { isSelfConnected } from './probe-socket.ts';
import type { ProbeReason, ProbeResult, ProbeTarget } from './probe.ts';
import { byteByByte, drip, endless } from './test-behaviours.ts';
import { runProbe } from './run-probe.ts';
import { TCP_PROBE, httpProbePlan, httpStep, ipv4 } from './test-plan.ts';
import { TestServer, answering, refusingPort, silent } from './test-server.ts';

const TCP: ProbePlan = TCP_PROBE;
const STEP = httpStep({
  path: '/healthz?deep=1',
  host: 'shop.example.com',
  fields: [{ name: 'X-Probe', value: 'yes' }],
  statuses: [[200, 204]],
});
const HTTP: ProbePlan = httpProbePlan(STEP);
const BODY: ProbePlan = httpProbePlan({ ...STEP, body: { kind: 'text', value: 'all good' } });
const OK = 'HTTP/1.1 200 OK\r\n';

function target(address: BindPlan, probe: ProbePlan, timeoutMs = 2000): ProbeTarget {
  return { address, tlsName: address.host, probe, timeoutMs, server: 'a', pool: 'p' };
}

async function run(wanted: ProbeTarget): Promise<ProbeResult> {
  return new Promise((resolve) => {
    runProbe(wanted, resolve);
  });
}

async function serve(t: TestContext, behave: TestServer['behave']): Promise<TestServer> {
  const server = await TestServer.start(behave);
  t.after(async () => server.stop());
  return server;
}

test('tcpProbe passes where something listens, and closes its connection', async (t) => {
  const server = await serve(t, silent);
  const accepted = new Promise<void>((resolve) => {
    server.behave = (socket) => {
      silent(socket);
      resolve();
    };
  });
  const result = await run(target(server.address, TCP));
  assert.equal(result.reason, 'check-passed');
  assert.equal(result.passed, true);
  assert.ok(result.durationMs > 0 && result.durationMs < 2000);
  await accepted;
  await server.quiet();
});

for (const probe of [TCP, HTTP]) {
  test(`the ${probe.kind} probe fails as connect-refused where nobody listens`, async (t) => {
    const server = await serve(t, silent);
    const [port, release] = await refusingPort(server);
    t.after(release);
    const result = await run(target(ipv4('127.0.0.1', port), probe));
    assert.equal(result.reason, 'connect-refused');
    assert.equal(result.passed, false);
  });
}

test('the probe of a unix socket that is not there fails as connect-refused', async () => {
  const address: BindPlan = { family: 'unix', host: '/proc/self/no-such-socket', port: 0 };
  assert.equal((await run(target(address, TCP))).reason, 'connect-refused');
});

test('tcpProbe fails as connect-timeout where the queue of connections is full', async (t) => {
  const hung = await startChild(t, HUNG_LISTENER);
  const fillers = [1, 2, 3, 4].map(() => connect(hung, '127.0.0.1').on('error', () => undefined));
  t.after(() => fillers.map((filler) => filler.destroy()));
  // A queue of length 1 holds two connections; the kernel answers no further one.
  await Promise.all(fillers.slice(0, 2).map(async (filler) => once(filler, 'connect')));
  const result = await run(target(ipv4('127.0.0.1', hung), TCP, 200));
  assert.equal(result.reason, 'connect-timeout');
  assert.ok(result.durationMs >= 199 && result.durationMs < 1000);
});

test('httpProbe sends method, path, host and fields, and asks to close', async (t) => {
  let request = '';
  const server = await serve(t, (socket) => {
    socket.once('data', (chunk) => {
      request = chunk.toString('latin1');
      socket.end(`${OK}Content-Length: 0\r\n\r\n`);
    });
  });
  const result = await run(target(server.address, httpProbePlan({ ...STEP, method: 'OPTIONS' })));
  assert.equal(result.reason, 'check-passed');
  assert.equal(
    request,
    'OPTIONS /healthz?deep=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: ballast-check\r\n' +
      'Accept: */*\r\nX-Probe: yes\r\nConnection: close\r\n\r\n',
  );
});

const BEHAVIOURS: readonly (readonly [string, TestServer['behave'], ProbePlan, ProbeReason])[] = [
  ['an accepted status', answering(`${OK}\r\n`), HTTP, 'check-passed'],
  ['another status', answering('HTTP/1.1 500 No\r\n\r\n'), HTTP, 'status'],
  ['a body that matches', answering(`${OK}\r\nall good`), BODY, 'check-passed'],
  ['a body that does not', answering(`${OK}\r\nall bad`), BODY, 'body'],
  ['garbage', answering('\0\x01\x02garbage'), HTTP, 'protocol'],
  ['a close without an answer', answering(''), HTTP, 'closed'],
  ['a reset', (socket) => socket.once('data', () => socket.resetAndDestroy()), HTTP, 'reset'],
  ['an answer byte by byte', byteByByte(answering(`${OK}\r\nall good`)), BODY, 'check-passed'],
  ['silence', silent, HTTP, 'timeout'],
  ['a head that drips in', drip(OK, 20), HTTP, 'timeout'],
  ['a body that drips in', drip(`${OK}\r\n`, 20), BODY, 'timeout'],
  ['a head without end', endless(OK, 'A: b\r\n'.repeat(1000)), HTTP, 'too-large'],
  ['a body without end', endless(`${OK}\r\n`, 'x'.repeat(8192)), BODY, 'body'],
  [
    'a status before a body without end',
    endless(`${OK}\r\n`, 'x'.repeat(8192)),
    HTTP,
    'check-passed',
  ],
  [
    'chunks without end',
    endless(`${OK}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'.repeat(1000)),
    BODY,
    'body',
  ],
];

for (const [name, behave, probe, reason] of BEHAVIOURS) {
  test(`httpProbe ends with ${reason} at ${name}, in time and closed`, async (t) => {
    const server = await serve(t, behave);
    const timeoutMs = reason === 'timeout' ? 150 : 2000;
    const result = await run(target(server.address, probe, timeoutMs));
    assert.equal(result.reason, reason, result.detail);
    if (reason === 'timeout') assert.ok(result.durationMs >= 149 && result.durationMs < 1000);
    assert.equal(server.accepted, 1);
    await server.quiet();
  });
}

test('httpProbe goes through its requests, each on a connection of its own', async (t) => {
  const requests: string[] = [];
  const server = await serve(t, (socket) => {
    socket.once('data', (chunk) => {
      const request = chunk.toString('latin1');
      requests.push(request);
      const status = request.startsWith('GET /third') ? '500 No' : '200 OK';
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    });
  });
  const body = Buffer.from('{"a":"ü"}').toString('base64');
  const fields = [{ name: 'content-length', value: '1' }];
  const steps = [
    httpStep({ path: '/first' }),
    httpStep({ method: 'POST', path: '/second', bodyBase64: body, fields }),
  ];
  const good = await run(target(server.address, { kind: 'http', tls: null, steps }));
  assert.equal(good.reason, 'check-passed', good.detail);
  assert.deepEqual([server.accepted, requests.length], [2, 2]);
  const { port } = server.address;
  assert.ok(requests[0]!.startsWith(`GET /first HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`));
  const sent = Buffer.from(requests[1]!, 'latin1').toString('utf8');
  assert.match(sent, /^POST \/second [^]*\r\nContent-Length: 10\r\nConnection: close\r\n\r\n/);
  assert.ok(sent.endsWith('\r\n\r\n{"a":"ü"}'));
  assert.equal(sent.match(/content-length/gi)?.length, 1);

  const more = [...steps, httpStep({ path: '/third' }), httpStep({ path: '/fourth' })];
  const bad = await run(target(server.address, { kind: 'http', tls: null, steps: more }));
  assert.equal(bad.reason, 'status');
  assert.equal(bad.detail, 'request 3: status 500, expected 200-299');
  assert.equal(server.accepted, 5, 'the first that fails decides');
  await server.quiet();
});

test('the requests of an http check share one time limit', async (t) => {
  const server = await serve(t, (socket) => {
    socket.once('data', () => {
      setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 40);
    });
  });
  const steps = Array.from({ length: 100 }, () => httpStep());
  const result = await run(target(server.address, { kind: 'http', tls: null, steps }, 200));
  assert.equal(result.reason, 'timeout');
  assert.match(result.detail, /^no full answer within 200 ms, at request [2-6]$/);
  assert.ok(result.durationMs < 1000);
  await server.quiet();
});

test('a probe that is cancelled closes its connection and gives no result', async (t) => {
  const server = await serve(t, silent);
  const cancel = runProbe(target(server.address, HTTP, 100), () => assert.fail('a result came'));
  await new Promise<void>((resolve) => {
    server.behave = (socket) => socket.once('data', () => resolve());
  });
  cancel();
  await server.quiet();
  cancel();
  // Outlasts the time limit: another probe with the same limit, begun later, ends later.
  assert.equal((await run(target(server.address, HTTP, 100))).reason, 'timeout');
});

test('probes leave no descriptor open, however they end', async (t) => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const servers = await Promise.all(BEHAVIOURS.map(async ([, behave]) => serve(t, behave)));
  const [port, release] = await refusingPort(await serve(t, silent));
  t.after(release);
  const targets = servers.map((server, i) => target(server.address, BEHAVIOURS[i]![2], 100));
  targets.push(target(ipv4('127.0.0.1', port), TCP), target(servers[0]!.address, TCP));
  const before = descriptors();
  for (let round = 0; round < 5; round++) await Promise.all(targets.map(run));
  await Promise.all(servers.map(async (server) => server.quiet()));
  // The last close of our own side happens in the turn after the result.
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`);
});

test('a pause of the process beyond the time limit is local-stall', async (t) => {
  const server = await serve(t, silent);
  const pending = run(target(server.address, HTTP, 50));
  pauseProcess(400);
  assert.equal((await pending).reason, 'local-stall');
});

test('what arrived in time counts though the process paused beyond the time limit', async (t) => {
  const server = await serve(t, silent);
  // Within an I/O callback, so that the timers are the next to run, before any other I/O.
  const result = await new Promise<ProbeResult>((resolve) => {
    readFile('/dev/null', () => {
      runProbe(target(server.address, TCP, 50), resolve);
      pauseProcess(400);
    });
  });
  assert.equal(result.reason, 'check-passed');
});

test('a probe without a free descriptor is local-resources', async (t) => {
  const server = await serve(t, silent);
  const child = spawn(
    '/bin/sh',
    ['-c', `ulimit -n 64; exec "$0" -e "$1"`, process.execPath, STARVED],
    {
      env: { ...process.env, TARGET: JSON.stringify(target(server.address, TCP)) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  assert.equal(output, 'local-resources');
});

test('isSelfConnected recognises a socket connected to itself (RFC 9293 §3.5)', async (t) => {
  const server = await serve(t, silent);
  const stopped = await TestServer.start(silent);
  const { port } = stopped.address;
  await stopped.stop();
  const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort: port });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  assert.equal(isSelfConnected(socket), true);
  const other = connect(server.address.port, '127.0.0.1');
  t.after(() => other.destroy());
  await once(other, 'connect');
  assert.equal(isSelfConnected(other), false);
});

function pauseProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Prints its port and then never accepts. */
const HUNG_LISTENER = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/** Uses up its descriptors, probes, and prints the reason. */
const STARVED = `
const { openSync, closeSync, writeSync } = require('node:fs');
(async () => {
  const { runProbe } = await import(${JSON.stringify(new URL('./run-probe.ts', import.meta.url))});
  const held = [];
  try { for (;;) held.push(openSync('/dev/null')); } catch {}
  runProbe(JSON.parse(process.env.TARGET), (result) => {
    held.forEach(closeSync);
    writeSync(1, result.reason);
  });
})();
`;

/** Runs a script that prints a port; it is killed when the test ends. */
async function startChild(t: TestContext, script: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(port.toString());
}
