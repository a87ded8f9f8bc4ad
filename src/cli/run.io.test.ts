import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import test from 'node:test';
import { Ballast, runCommand } from '../../test/kit/ballast.ts';
import { childrenOf, isAlive } from '../../test/kit/processes.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { until } from '../../test/kit/wait.ts';

const answering = (body: string, bind: unknown = '127.0.0.1:0') => ({
  workers: 1,
  listeners: { web: { bind, routes: [{ respond: { status: 200, body } }] } },
});

/** Waits until new connections are refused, not merely left without an answer. */
async function refused(address: string): Promise<void> {
  const { port } = new URL(address);
  const isRefused = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'ECONNREFUSED'),
      );
    });
  await until(isRefused, { what: 'connections to be refused', timeoutMs: 3_000 });
}

function webAddress(ballast: Ballast): string {
  return /^ready (\S+)/m.exec(ballast.stdout)![1]!;
}

test('ballast run prints one line ready with the real addresses once it serves', async () => {
  await using ballast = await Ballast.start(answering('hello'));
  const [line, ...rest] = ballast.stdout.split('\n');
  assert.match(line!, /^ready http:\/\/127\.0\.0\.1:[1-9]\d* \(1 worker, admin unix:\/.*\)$/);
  assert.deepEqual(rest, ['']);
  assert.equal(await (await fetch(webAddress(ballast))).text(), 'hello');
});

test('ballast run exits 0 on SIGTERM and on SIGINT and leaves nothing behind', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await using ballast = await Ballast.start(answering('hello'));
    const workers = childrenOf(ballast.pid);
    assert.ok(workers.length > 0);
    ballast.signal(signal);
    assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
    await until(() => !workers.some(isAlive), { what: 'the workers to end' });
    assert.equal(existsSync(ballast.adminSocket), false);
  }
});

test('ballast run lets requests finish on SIGTERM, and ends on a second one', async (context) => {
  const held: (() => void)[] = [];
  const origin = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      held.push(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'));
    });
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  context.after(() => origin.close());
  const { port } = origin.address() as AddressInfo;
  const config = {
    workers: 1,
    drain: '10s',
    listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
    pools: { web: { servers: [`127.0.0.1:${port}`] } },
  };
  for (const isPatient of [true, false]) {
    await using ballast = await Ballast.start(config);
    const workers = childrenOf(ballast.pid);
    const asked = fetch(webAddress(ballast)).then((response) => response.text());
    asked.catch(() => {});
    await until(() => held.length > 0, { what: 'the request at the server' });
    ballast.signal('SIGTERM');
    await until(() => ballast.stderr.includes('drains'), { what: 'the drain' });
    await refused(webAddress(ballast));
    const answer = held.pop()!;
    if (isPatient) answer();
    else ballast.signal('SIGTERM');
    if (isPatient) assert.equal(await asked, 'late');
    else await assert.rejects(asked);
    assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
    await until(() => !workers.some(isAlive), { what: 'the workers to end' });
  }
});

test('ballast run reads its file again on SIGHUP', async () => {
  await using ballast = await Ballast.start(answering('before'));
  const address = webAddress(ballast);
  ballast.writeConfig(answering('after'));
  ballast.signal('SIGHUP');
  await until(() => ballast.stderr.includes('configuration 2 is in force'), { what: 'the reload' });
  assert.equal(await (await fetch(address)).text(), 'after');
});

test('ballast run opens its access log anew on SIGUSR1', async () => {
  await using ballast = await Ballast.start(answering('hello'));
  await fetch(`${webAddress(ballast)}/one`);
  await ballast.accessLine(({ path }) => path === '/one');
  renameSync(ballast.accessFile, `${ballast.accessFile}.1`);
  ballast.signal('SIGUSR1');
  await until(() => existsSync(ballast.accessFile), { what: 'the new file' });
  await fetch(`${webAddress(ballast)}/two`);
  await ballast.accessLine(({ path }) => path === '/two');
  assert.doesNotMatch(readFileSync(`${ballast.accessFile}.1`, 'utf8'), /two/);
});

test('ballast run exits 1 with every mistake of its file', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('bad.yaml'), 'listners: {}\nworkers: none\n');
  for (const command of ['run', 'check']) {
    const { code, stderr } = await runCommand([command, dir.file('bad.yaml')]);
    assert.equal(code, 1);
    assert.match(stderr, /bad\.yaml:1:1: BAL_CONFIG_UNKNOWN_KEY/);
    assert.match(stderr, /bad\.yaml:2:10: /);
  }
});

test('ballast run exits 1 and says what to do when its address is in use', async () => {
  await using ballast = await Ballast.start(answering('hello'));
  using dir = new TempDir();
  const bind = webAddress(ballast).replace('http://', '');
  const config = { admin: 'off', ...answering('hello', bind) };
  writeFileSync(dir.file('b.yaml'), JSON.stringify(config));
  const { code, stdout, stderr } = await runCommand(['run', dir.file('b.yaml')]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  const holder = `another Ballast, pid ${ballast.pid} \\(ballast run `;
  const place = `^${dir.file('b.yaml')}:1:\\d+: BAL_LISTEN_IN_USE: cannot listen on ${bind}: `;
  assert.match(stderr, new RegExp(`${place}address in use by (perhaps )?${holder}`));
  assert.match(stderr, /\n {2}it runs already: change it with "ballast reload"/);
});

test('a worker goes on serving when its supervisor is killed', async (context) => {
  await using ballast = await Ballast.start(answering('hello'));
  const address = webAddress(ballast);
  const workers = childrenOf(ballast.pid);
  context.after(() => {
    for (const pid of workers.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
  ballast.signal('SIGKILL');
  await ballast.exited();
  assert.equal(await (await fetch(address)).text(), 'hello');
});
