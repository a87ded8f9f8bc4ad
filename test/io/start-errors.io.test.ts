// What is in the way of a start: each of it a line with its place and a remedy, and nothing is left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { BALLAST, runCommand } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { TempDir } from '../kit/temp-dir.ts';

const ANSWER = 'routes: [{ respond: { body: here } }]';

test('a start names every address that cannot be had, its place, and what to do', async () => {
  using dir = new TempDir();
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const file = dir.file('bad.yaml');
  const text = `admin: unix:${dir.path}/none/deep/admin.sock
log: { access: ${dir.path}/none/access.log }
listeners:
  web:
    bind: [unix:${dir.path}/web.sock, 127.0.0.1:${port}]
    ${ANSWER}
  away:
    bind: 192.0.2.7:80
    ${ANSWER}
  dns: { protocol: udp, bind: 192.0.2.7:53, pool: dns }
  socket: { bind: unix:${dir.path}/none/web.sock, ${ANSWER} }
pools:
  dns: { servers: [127.0.0.1:53] }
`;
  writeFileSync(file, text);
  const { code, stdout, stderr } = await runCommand(['run', file]);
  other.close();
  assert.equal(code, 1);
  assert.equal(stdout, '');
  const column = text.split('\n')[4]!.indexOf('127.0.0.1') + 1;
  const heads = stderr.split('\n').filter((line) => line.startsWith(file));
  const places = heads.map((line) => /:(\d+:\d+): (BAL_\w+):/.exec(line)!.slice(1).join(' '));
  assert.deepEqual(places, [
    `5:${column} BAL_LISTEN_IN_USE`,
    '8:11 BAL_LISTEN_NOT_HERE',
    '10:31 BAL_LISTEN_NOT_HERE',
    '11:19 BAL_LISTEN_PATH',
    '2:16 BAL_LOG_OPEN',
    '1:8 BAL_ADMIN_LISTEN',
  ]);
  assert.ok(heads[0]!.includes(`in use by pid ${process.pid} (`), stderr);
  assert.match(heads[1]!, /there are: lo 127\.0\.0\.1/);
  assert.match(stderr, /\n {4}8 \| {5}bind: 192\.0\.2\.7:80\n {6}\| {11}\^\n {2}.*freebind: true/);
  // The socket that could be made was made, and taken away again.
  assert.equal(existsSync(dir.file('web.sock')), false);
  assert.deepEqual(readdirSync(dir.path), ['bad.yaml']);
});

const canDrop = process.getuid!() === 0 && spawnSync('setpriv', ['--version']).status === 0;

test(
  'a port below 1024 without the right to it: the remedies are named',
  { skip: canDrop ? false : 'needs root and setpriv, to give rights up' },
  () => {
    using dir = new TempDir();
    chmodSync(dir.path, 0o755);
    const file = dir.file('low.yaml');
    writeFileSync(file, `admin: off\nlisteners:\n  web: { bind: 127.0.0.9:80, ${ANSWER} }\n`);
    const plain = ['--reuid=65534', '--regid=65534', '--clear-groups', BALLAST, 'run', file];
    const { status, stderr } = spawnSync('setpriv', plain, { encoding: 'utf8' });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /low\.yaml:3:16: BAL_LISTEN_PERMISSION: .* may not listen on ports below/);
    assert.match(stderr, /AmbientCapabilities=CAP_NET_BIND_SERVICE/);
  },
);

test('out of descriptors: one line says so, whatever the number of listeners', () => {
  using dir = new TempDir();
  const file = dir.file('many.yaml');
  const binds = Array.from({ length: 200 }, () => '127.0.0.1:0').join(', ');
  writeFileSync(file, `admin: off\nlisteners:\n  web: { bind: [${binds}], ${ANSWER} }\n`);
  const limited = ['-c', 'ulimit -n 100; exec "$0" "$@"', BALLAST, 'run', file];
  const { status, stderr } = spawnSync('/bin/sh', limited, { encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  assert.equal(stderr.split('BAL_LISTEN_DESCRIPTORS').length, 2, stderr);
  assert.match(stderr, /raise the limit on open files/);
});

/** In a network of its own: serves on an address before it is there, and is asked afterwards. */
const LATER = `
ip link set lo up
: > "$2/out"
"$0" run "$1" > "$2/out" &
ballast=$!
until grep -q ready "$2/out" || ! kill -0 $ballast; do sleep 0.05; done
ip addr add 198.51.100.7/32 dev lo
ip addr add fd00:1::7/128 dev lo nodad
curl -sS --retry 3 http://198.51.100.7:8080/ && curl -sS -g 'http://[fd00:1::7]:8080/'
kill $ballast
wait $ballast
`;

const canIsolate =
  spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0 &&
  spawnSync('curl', ['--version']).status === 0;

test(
  'freebind: an address that no interface has yet is listened on, and serves once it is there',
  {
    skip: canIsolate ? false : 'needs unshare, ip, curl and the right to make a network namespace',
  },
  () => {
    using dir = new TempDir();
    const file = dir.file('later.yaml');
    const config = (freebind: boolean) => `admin: off
workers: 1
listeners:
  web: { bind: [198.51.100.7:8080, "[fd00:1::7]:8080"], freebind: ${freebind}, ${ANSWER} }
  dns: { bind: 198.51.100.7:53, protocol: udp, freebind: ${freebind}, pool: dns }
pools: { dns: { servers: [127.0.0.1:53] } }
`;
    const runIt = () =>
      spawnSync('unshare', ['-rn', 'sh', '-ec', LATER, BALLAST, file, dir.path], {
        encoding: 'utf8',
      });
    writeFileSync(file, config(true));
    const { status, stdout, stderr } = runIt();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'herehere');
    writeFileSync(file, config(false));
    const without = runIt();
    assert.notEqual(without.status, 0);
    assert.equal(without.stderr.split('BAL_LISTEN_NOT_HERE').length, 4, without.stderr);
  },
);
