// The tcp check without steps: connections by system calls of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, ListenOptions } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import type { BindPlan } from '../../config/plan.ts';
import { runProbe } from './run-probe.ts';
import { TCP_PROBE, ipv4 } from './test-plan.ts';
import { runOnce } from './test-run.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

async function listen(t: TestContext, options: ListenOptions): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen(options);
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string' ? 0 : address.port;
}

test('a tcp check connects over IPv4, IPv6 and to unix sockets', async (t) => {
  const folder = new TempDir();
  t.after(() => folder[Symbol.dispose]());
  const path = folder.file('socket');
  await listen(t, { path });
  const addresses: BindPlan[] = [
    ipv4('127.0.0.1', await listen(t, { port: 0, host: '127.0.0.1' })),
    { family: 'ipv6', host: '::1', port: await listen(t, { port: 0, host: '::1' }) },
    { family: 'unix', host: path, port: 0 },
  ];
  for (const address of addresses) {
    const result = await runOnce(address, TCP_PROBE);
    assert.equal(result.reason, 'check-passed', result.detail);
  }
});

test('a tcp check sees a reset connection as one that was made, and leaves no TIME_WAIT', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const ended = new Promise<string>((resolve) => {
    server.once('connection', (socket) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.once('end', () => resolve('end'));
      socket.resume();
    });
  });
  const { port } = server.address() as AddressInfo;
  assert.equal((await runOnce(ipv4('127.0.0.1', port), TCP_PROBE)).passed, true);
  assert.equal(await ended, 'ECONNRESET');
});

test('a tcp check that the kernel refuses at once fails as unreachable', async () => {
  // There is no TCP to a group of hosts.
  const result = await runOnce(ipv4('224.0.0.1', 80), TCP_PROBE);
  assert.deepEqual([result.reason, result.detail], ['unreachable', 'ENETUNREACH']);
});

test('tcp checks that are cancelled while they connect give no result and close', async (t) => {
  const port = await listen(t, { port: 0, host: '127.0.0.1' });
  await runOnce(ipv4('127.0.0.1', port), TCP_PROBE);
  const before = descriptors();
  const target = { address: ipv4('127.0.0.1', port), probe: TCP_PROBE, timeoutMs: 1000 };
  for (let i = 0; i < 50; i++) {
    const cancel = runProbe({ ...target, server: 'a', pool: 'p', tlsName: 'a' }, () =>
      assert.fail('a result'),
    );
    cancel();
    cancel();
  }
  assert.equal(descriptors(), before);
  // The next look finds none of them.
  assert.equal((await runOnce(target.address, TCP_PROBE)).reason, 'check-passed');
});

test('a thousand tcp checks at once all pass, each told once', async (t) => {
  const port = await listen(t, { port: 0, host: '127.0.0.1', backlog: 2048 });
  const results = await Promise.all(
    Array.from({ length: 1000 }, async () => runOnce(ipv4('127.0.0.1', port), TCP_PROBE, 20_000)),
  );
  assert.deepEqual([...new Set(results.map(({ reason }) => reason))], ['check-passed']);
});
