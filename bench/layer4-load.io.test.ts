/** The load generators for TCP and UDP must see what is wrong, as that for HTTP does. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { portOf } from '../test/kit/free-ports.ts';
import { endProcess, endWithUs } from '../test/kit/processes.ts';
import type { LoadReport } from './load.ts';
import { root } from './tools.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'ballast-load-'));
const compiled = ['endpoint', 'tcp-load', 'udp-load'].map((name) =>
  spawnSync('cc', ['-O2', '-o', join(dir, name), join(root, `bench/c/${name}.c`)]),
);
const skip = compiled.every(({ status }) => status === 0) ? false : 'no C compiler (cc) here';
test.after(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function report(tool: string, port: number, options: readonly string[]): Promise<LoadReport> {
  const { stdout } = await run(join(dir, tool), [`port=${port}`, 'warmup=0.1', ...options]);
  return JSON.parse(stdout) as LoadReport;
}

/** Runs a load against the servers of the comparison. */
async function onEndpoint(
  mode: string,
  tool: string,
  options: readonly string[],
): Promise<LoadReport> {
  const child = spawn(join(dir, 'endpoint'), [mode, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithUs(child);
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(/^ports (\d+)$/m.exec(line.toString())![1]);
    return await report(tool, port, options);
  } finally {
    await endProcess(child, 'SIGKILL', 1_000);
  }
}

for (const [endpoint, mode] of [
  ['echo', 'exchange'],
  ['echo', 'connect'],
  ['source', 'down'],
  ['sink', 'up'],
] as const) {
  test(`tcp-load counts mode ${mode} against ${endpoint}`, { skip }, async () => {
    const options = [`mode=${mode}`, 'connections=4', 'seconds=0.4'];
    const found = await onEndpoint(endpoint, 'tcp-load', options);
    assert.ok(found.answered > 0);
    assert.equal(found.errors + found.wrong + found.warmupErrors, 0, found.firstError);
  });
}

async function onTcp(listener: (socket: Socket) => void, mode: string): Promise<LoadReport> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    listener(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await report('tcp-load', portOf(server), [
      ...[`mode=${mode}`, 'connections=2', 'seconds=0.2'],
    ]);
  } finally {
    server.close();
  }
}

test('tcp-load counts an echo that differs as wrong', { skip }, async () => {
  const found = await onTcp((socket) => {
    socket.on('data', (chunk: Buffer) => {
      chunk[0]! ^= 1;
      socket.write(chunk);
    });
  }, 'exchange');
  assert.equal(found.answered, 0);
  assert.ok(found.wrong > 0);
});

test('tcp-load counts an echo with a byte more as wrong', { skip }, async () => {
  const found = await onTcp((socket) => {
    socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([chunk, Buffer.from('x')])));
  }, 'exchange');
  assert.equal(found.answered, 0);
  assert.ok(found.wrong > 0);
});

for (const mode of ['exchange', 'connect']) {
  test(`tcp-load counts a cut echo as an error in mode ${mode}`, { skip }, async () => {
    const found = await onTcp((socket) => {
      socket.on('data', (chunk: Buffer) => socket.end(chunk.subarray(0, 10)));
    }, mode);
    assert.equal(found.answered, 0);
    assert.ok(found.errors > 0);
  });
}

for (const mode of ['down', 'up']) {
  test(
    `tcp-load counts an end of the connection as an error in mode ${mode}`,
    { skip },
    async () => {
      const found = await onTcp((socket) => socket.end('x'), mode);
      assert.ok(found.errors > 0);
    },
  );
}

test('udp-load counts what comes back, from few ports and from many', { skip }, async () => {
  for (const ports of [4, 100]) {
    const options = [`ports=${ports}`, 'outstanding=4', 'seconds=0.4'];
    const found = await onEndpoint('datagrams', 'udp-load', options);
    assert.ok(found.answered > ports / 2);
    assert.equal(found.errors + found.wrong + found.warmupErrors, 0, found.firstError);
  }
});

async function onUdp(
  answer: (datagram: Buffer, count: number) => Buffer | null,
): Promise<LoadReport> {
  const socket = createSocket('udp4');
  let count = 0;
  socket.on('message', (datagram, { port }) => {
    const back = answer(datagram, count++);
    if (back !== null) socket.send(back, port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  try {
    return await report('udp-load', socket.address().port, [
      ...['ports=4', 'outstanding=4', 'seconds=1.5'],
    ]);
  } finally {
    socket.close();
  }
}

test('udp-load counts what does not come back as errors, and goes on', { skip }, async () => {
  const found = await onUdp((datagram, count) => (count % 50 === 0 ? null : datagram));
  assert.ok(found.answered > 0);
  assert.ok(found.errors + found.warmupErrors > 0);
});

test('udp-load counts the answer of somebody else as wrong', { skip }, async () => {
  let before: Buffer | null = null;
  const found = await onUdp((datagram) => {
    const back = before;
    before = datagram;
    return back ?? datagram;
  });
  assert.ok(found.wrong > 0);
});
