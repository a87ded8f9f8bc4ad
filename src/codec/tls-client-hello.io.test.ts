/** ClientHellos as the installed openssl and curl send them, read while they arrive. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { portOf } from '../../test/kit/free-ports.ts';
import { endProcess, endWithUs } from '../../test/kit/processes.ts';
import { within } from '../../test/kit/wait.ts';
import {
  CLIENT_HELLO_BYTES_MAX,
  ClientHello,
  HELLO_DONE,
  HELLO_MORE,
  readClientHello,
} from './tls-client-hello.ts';

type Seen = { readonly result: number; readonly name: string; readonly alpn: readonly string[] };

/** Runs a client against a server that reads its ClientHello and closes. */
async function helloFrom(
  command: string,
  argsFor: (port: number) => readonly string[],
): Promise<Seen> {
  const hello = new ClientHello();
  const server = createServer();
  const seen = new Promise<Seen>((resolve) => {
    server.once('connection', (socket) => {
      const bytes = new Uint8Array(CLIENT_HELLO_BYTES_MAX);
      let length = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        bytes.set(chunk, length);
        length += chunk.length;
        const result = readClientHello(bytes, 0, length, hello);
        if (result === HELLO_MORE) return;
        resolve({ result, name: hello.serverName, alpn: [...hello.alpn] });
        socket.destroy();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const child = spawn(command, argsFor(portOf(server)), { stdio: 'ignore' });
  endWithUs(child);
  try {
    return await within(seen, `a ClientHello of ${command}`);
  } finally {
    await endProcess(child, 'SIGKILL', 1_000);
    server.close();
  }
}

const missing = (command: string): string | false =>
  spawnSync(command, ['version']).error === undefined ? false : `${command} is not installed`;

for (const version of ['-tls1_2', '-tls1_3']) {
  const options = { skip: missing('openssl') };
  test(`readClientHello reads openssl s_client ${version}`, options, async () => {
    const withBoth = await helloFrom('openssl', (port) => [
      ...['s_client', version, '-connect', `127.0.0.1:${port}`],
      ...['-servername', 'DB.Shop.Example.com', '-alpn', 'h2,postgresql'],
    ]);
    assert.deepEqual(withBoth, {
      result: HELLO_DONE,
      name: 'db.shop.example.com',
      alpn: ['h2', 'postgresql'],
    });
    const without = await helloFrom('openssl', (port) => [
      ...['s_client', version, '-connect', `127.0.0.1:${port}`, '-noservername'],
    ]);
    assert.deepEqual(without, { result: HELLO_DONE, name: '', alpn: [] });
  });
}

test('readClientHello reads curl', { skip: missing('curl') }, async () => {
  const seen = await helloFrom('curl', (port) => [
    ...['-sk', '--resolve', `shop.example.com:${port}:127.0.0.1`],
    `https://shop.example.com:${port}/`,
  ]);
  assert.equal(seen.result, HELLO_DONE);
  assert.equal(seen.name, 'shop.example.com');
  assert.ok(seen.alpn.includes('http/1.1'));
});
