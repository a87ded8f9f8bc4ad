// The service as systemd sees it: what it is told, and the sockets that it passes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { closeFd, openListener } from '../../src/sys/sockets.ts';
import { BALLAST, Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { NotifySocket } from '../kit/notify-socket.ts';
import { endProcess, endWithUs, isAlive } from '../kit/processes.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const respond = { routes: [{ respond: { body: 'ok' } }] };

test('systemd is told of the start, of reloads, of the main process and of the end', async () => {
  using dir = new TempDir();
  using manager = new NotifySocket(dir.file('notify'));
  const port = await freePort();
  const config = { workers: 1, listeners: { web: { bind: `127.0.0.1:${port}`, ...respond } } };
  const env = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '400000' };
  await using ballast = await Ballast.start(config, { env });
  let at = await manager.line('READY=1');
  await manager.line('WATCHDOG=1', at);

  at = await manager.line('RELOADING=1', (await ballast.reload(), 0));
  await manager.line('READY=1', at);

  const upgraded = await ballast.admin('POST', '/v1/upgrade');
  const { pid } = JSON.parse(upgraded.text) as { pid: number };
  at = await manager.line(`MAINPID=${pid}`);
  try {
    assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
    at = await manager.line('READY=1', at);
    await manager.line('STATUS=serving, generation 2', at - 1);
    await manager.line('WATCHDOG=1', at);
    assert.equal((await ask(port, getBytes('/'))).status, 200);
    process.kill(pid, 'SIGTERM');
    at = await manager.line('STOPPING=1', at);
    assert.match(manager.messages[at - 1]!, /^EXTEND_TIMEOUT_USEC=\d{8}$/m);
    await until(() => !isAlive(pid), { what: 'the main process to end' });
  } finally {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});

test('sockets of systemd are listened on, others closed with a warning, files left', async () => {
  using dir = new TempDir();
  const options = { backlog: 16, nodelay: false };
  const path = dir.file('web.sock');
  const [port, other] = [await freePort(), await freePort()];
  const tcp = { family: 'ipv4', host: '127.0.0.1', port } as const;
  const passed = [
    openListener(tcp, options),
    openListener({ family: 'unix', host: path, port: 0 }, options),
    openListener({ ...tcp, port: other }, options),
  ];
  const file = dir.file('ballast.yaml');
  const binds = [`127.0.0.1:${port}`, `unix:${path}`];
  const config = { admin: 'off', workers: 1, listeners: { web: { bind: binds, ...respond } } };
  writeFileSync(file, JSON.stringify(config));
  const script = 'LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=a:b:c exec "$0" run "$1"';
  const child = spawn('/bin/sh', ['-c', script, BALLAST, file], {
    stdio: ['ignore', 'pipe', 'pipe', ...passed],
  });
  endWithUs(child);
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  try {
    // Ours would be in the way of an address that is opened anew.
    await until(() => stdout.startsWith('ready') || child.exitCode !== null, {
      what: 'the line "ready"',
      timeoutMs: 60_000,
    });
    for (const fd of passed.splice(0)) closeFd(fd);
    assert.match(stdout, /^ready/, stderr);
    assert.match(stderr, /"name":"c".*a socket of systemd is on no listener and was closed/);
    assert.equal((await ask(port, getBytes('/'))).status, 200);
    await assert.rejects(ask(other, getBytes('/')), /ECONNREFUSED/);
  } finally {
    for (const fd of passed) closeFd(fd);
    await endProcess(child, 'SIGTERM', 20_000);
  }
  assert.ok(existsSync(path), 'the file belongs to systemd');
});
