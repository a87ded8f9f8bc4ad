/** Waiting until a port answers. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../children.ts';
import type { Setup } from './contender.ts';

const EVERY_MS = 20;
const TIMEOUT_MS = 15_000;

/**
 * Resolves when a GET is answered with a status below 500 (404 where the routes want another host),
 * fails when `child` ends or it takes too long.
 */
export async function untilServing(child: Child, port: number, path = '/'): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { connection: 'close' },
    }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer !== null && answer.status < 500) return;
    if (!child.isAlive) throw new Error(`${child.name} ended: ${child.output.trim()}`);
    if (Date.now() > deadline) {
      throw new Error(`${child.name} does not serve (${answer?.status}): ${child.output.trim()}`);
    }
    await sleep(EVERY_MS);
  }
}

/** How long an answer to one attempt is awaited. */
const ATTEMPT_MS = 200;

/** Whether a byte comes back through a TCP port: servers of every kind send one unless they echo. */
function answersTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('hello'));
    const finish = (isGood: boolean): void => {
      socket.destroy();
      resolve(isGood);
    };
    socket.setTimeout(ATTEMPT_MS, () => {
      finish(false);
    });
    socket.once('data', () => {
      finish(true);
    });
    socket.once('error', () => {
      finish(false);
    });
    socket.once('close', () => {
      finish(false);
    });
  });
}

function answersUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (isGood: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(isGood);
    };
    const timer = setTimeout(finish, ATTEMPT_MS, false);
    socket.once('message', () => {
      finish(true);
    });
    socket.once('error', () => {
      finish(false);
    });
    socket.send('hello', port, '127.0.0.1');
  });
}

/** Resolves when a server answers through the port, over TCP or UDP as the setup has it. */
export async function untilRelaying(child: Child, setup: Setup): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  const answers = setup.protocol === 'udp' ? answersUdp : answersTcp;
  while (!(await answers(setup.port))) {
    if (!child.isAlive) throw new Error(`${child.name} ended: ${child.output.trim()}`);
    if (Date.now() > deadline)
      throw new Error(`${child.name} does not relay: ${child.output.trim()}`);
    await sleep(EVERY_MS);
  }
}
