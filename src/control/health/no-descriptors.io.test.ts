// Checks in a process that has no descriptor left: each ends by saying so, and goes on once there
// are some again. An exception here would end the supervisor.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import test from 'node:test';

const ENTRY = JSON.stringify(new URL('./run-probe.ts', import.meta.url));

/** Probes with no descriptor left, then again with some; `warm` reads the code of probes before. */
function probeWithout(warm: boolean): Record<string, string[]> {
  const program = `
    const { openSync, closeSync } = require('node:fs');
    const tls = { verify: false, serverName: '', caFile: '', certFile: '', keyFile: '' };
    const probes = [
      { kind: 'exec', command: ['/bin/true'] },
      { kind: 'tcp', tls, steps: [] },
      { kind: 'tcp', tls: null, steps: [] },
      { kind: 'dns', name: 'a.test', type: 'A', transport: 'udp', codes: [], expect: null },
    ];
    const address = { family: 'ipv4', host: '127.0.0.1', port: 1 };
    (async () => {
      const { runProbe } = await import(${ENTRY});
      const round = () => Promise.all(probes.map((probe) => new Promise((resolve) => {
        const target = { address, probe, timeoutMs: 20_000, server: '', pool: '' };
        runProbe(target, ({ reason }) => resolve(reason));
      })));
      if (${warm}) await round();
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      const [first, second] = [await round(), await round()];
      for (const fd of taken) closeSync(fd);
      const last = await round();
      process.stdout.write(JSON.stringify({ first, second, last }));
    })();
  `;
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', '-e', program];
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -n 256 && exec "$@"', 'sh', ...words],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Record<string, string[]>;
}

const WITH = ['check-passed', 'connect-refused', 'connect-refused', 'connect-refused'];

test('probes whose code is there end with local-resources where no descriptor is left', () => {
  const { first, second, last } = probeWithout(true);
  const none = Array.from({ length: 4 }, () => 'local-resources');
  assert.deepEqual(first, none);
  assert.deepEqual(second, none);
  assert.deepEqual(last, WITH);
});

test('probes whose code cannot be read for want of a descriptor end, and are tried again', () => {
  const { first, second, last } = probeWithout(false);
  for (const reasons of [first!, second!]) {
    for (const reason of reasons) assert.match(reason, /^local-(setup|resources)$/);
  }
  assert.deepEqual(last, WITH);
});
