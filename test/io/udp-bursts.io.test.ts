// Many datagrams of one session at once, which go on together: each arrives as it was, in order.
import assert from 'node:assert/strict';
import { kill } from 'node:process';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { delay, until } from '../kit/wait.ts';

/** Sizes of a burst: equal ones, shorter ones behind them, empty ones, ones that fill a frame. */
const SIZES = [
  ...Array<number>(70).fill(200),
  ...[200, 200, 200, 150, 200, 200, 0, 200, 0, 0, 200, 200, 200, 1],
  ...[1, 2, 3, 4, 5, 5, 5, 5, 4, 4, 4, 3, 2, 1],
  ...[1_472, 1_472, 1_472, 1_472, 1_200, 1_200, 1_200, 1_199],
];
/** More than fits into one packet of IP. */
const LARGE = Array<number>(8).fill(9_000);

/** A datagram that is like no other of its burst. */
function piece(size: number, i: number): Buffer {
  const data = Buffer.alloc(size, i & 255);
  if (size >= 2) data.writeUInt16LE(i, 0);
  return data;
}

/** Small enough for the buffer of a session's socket, which is the kernel's default. */
const BURST = SIZES.map(piece);
const LARGE_BURST = [...SIZES, ...LARGE].map(piece);

/** What tells datagrams apart: their size, their number, and that they are whole. */
function textsOf(pieces: readonly Buffer[]): string[] {
  return pieces.map((data) => {
    const fill = data.length > 2 ? data[2]! : -1;
    const isWhole = data.subarray(2).every((byte) => byte === fill);
    return `${data.length} ${data.subarray(0, 3).toString('hex')} ${isWhole}`;
  });
}

for (const [any, host] of [
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.5'],
  ['[::1]', '::1'],
  ['[::]', '::1'],
] as const) {
  test(`a burst from a client to ${any} arrives datagram by datagram, and so do the answers`, async () => {
    const client = await DatagramClient.open(host.includes(':') ? '::1' : '127.0.0.1');
    await using _ = client;
    client.socket.setRecvBufferSize(4 << 20);
    const start = (data: Buffer): Buffer[] => (data.toString() === 'all' ? BURST : []);
    await using server = await DatagramServer.start('s', start);
    server.socket.setRecvBufferSize(4 << 20);
    const port = await freePort();
    await using ballast = await Ballast.start(
      datagramConfig({ bind: `${any}:${port}`, servers: [server.address] }),
    );
    client.send('all', port, host);
    await until(() => client.inbox.length === BURST.length, { what: 'all answers' });
    assert.deepEqual(textsOf(client.inbox.map(({ data }) => data)), textsOf(BURST));
    for (const { from } of client.inbox) assert.deepEqual([from.address, from.port], [host, port]);
    // While the worker stands still everything waits in its socket, and comes to it at once.
    const [pid] = await ballast.workerPids();
    server.received.length = 0;
    kill(pid!, 'SIGSTOP');
    const sent = LARGE_BURST.map((data) => {
      return new Promise<void>((resolve) => client.socket.send(data, port, host, () => resolve()));
    });
    await Promise.all(sent);
    await delay(20);
    kill(pid!, 'SIGCONT');
    await until(() => server.received.length === LARGE_BURST.length, { what: 'the whole burst' });
    assert.deepEqual(textsOf(server.received.map(({ data }) => data)), textsOf(LARGE_BURST));
    const bytes = SIZES.reduce((sum, size) => sum + size, 0);
    const own = String(server.port);
    assert.equal(await ballast.metric('ballast_server_sent_bytes_total', own), bytes + 72_003);
    assert.equal(await ballast.metric('ballast_server_received_bytes_total', own), bytes);
    assert.equal(await ballast.metric('ballast_listener_sent_bytes_total'), bytes);
    const datagrams = await ballast.metric('ballast_listener_datagrams_sent_total');
    assert.equal(datagrams, BURST.length);
    assert.equal(await ballast.metric('ballast_listener_datagrams_dropped_total'), 0);
  });
}
