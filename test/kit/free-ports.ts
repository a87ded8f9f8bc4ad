/**
 * Ports of 127.0.0.1 that nobody listens on.
 *
 * Test files run at the same time and some need hundreds of ports, so that ports drawn at random
 * would meet. Each process takes whole blocks for itself: it holds a block by listening on the
 * block's first port until it ends.
 */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/** Below the range that the kernel gives to outgoing connections. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_000;
const BLOCK_PORTS = 512;
const BLOCKS = Math.floor((PORT_MAX - PORT_MIN) / BLOCK_PORTS);

let next = 0;
let blockEnd = 0;

function tryListen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

async function takeBlock(): Promise<void> {
  const first = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const start = PORT_MIN + ((first + i) % BLOCKS) * BLOCK_PORTS;
    const holder = await tryListen(start);
    if (holder === undefined) continue;
    holder.unref();
    next = start + 1;
    blockEnd = start + BLOCK_PORTS;
    return;
  }
  throw new Error('every block of ports is taken');
}

/** One port, never given twice by this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (next === blockEnd) await takeBlock();
    const port = next++;
    const server = await tryListen(port);
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** `count` different ports. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) ports.push(await freePort());
  return ports;
}

/** The port of a server that listens on a TCP address. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP address');
  return address.port;
}
