import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { TCP_PROBE, ipv4 } from './test-plan.ts';

const PORT = 40_001;

/** In a network of its own, whose only port for connections is the one that is probed. */
const SETUP = `
ip link set lo up
echo "${PORT} ${PORT}" > /proc/sys/net/ipv4/ip_local_port_range
exec "$0" -e "$1"
`;

const SCRIPT = `
import(${JSON.stringify(new URL('./run-probe.ts', import.meta.url))}).then(({ runProbe }) => {
  const address = ${JSON.stringify(ipv4('127.0.0.1', PORT))};
  const probe = ${JSON.stringify(TCP_PROBE)};
  const target = { address, probe, timeoutMs: 2000, server: 'a', pool: 'p' };
  runProbe(target, (result) => {
    process.stdout.write(result.reason + ': ' + result.detail);
  });
});
`;

const canIsolate = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

test(
  'tcpProbe does not take a connection to itself for a server (RFC 9293 §3.5)',
  { skip: canIsolate ? false : 'needs unshare, ip and the right to make a network namespace' },
  () => {
    const isolated = ['-rn', 'sh', '-ec', SETUP, process.execPath, SCRIPT];
    const { stdout } = spawnSync('unshare', isolated, { encoding: 'utf8' });
    assert.equal(stdout, 'connect-refused: nobody listens (self-connect)');
  },
);
