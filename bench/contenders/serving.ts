/** Waiting until a port answers. */
import { createSocket } from 'node:dgram';
import { get } from 'node:https';
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
  await untilAnswering(child, () => statusOf(`http://127.0.0.1:${port}${path}`));
}

/** The same over TLS, whatever the certificate. */
export async function untilServingTls(child: Child, port: number): Promise<void> {
  await untilAnswering(child, () => statusOfTls(port));
}

async function statusOf(url: string): Promise<number | null> {
  const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.status ?? null;
}

function statusOfTls(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false };
    const request = get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    });
    request.on('error', () => {
      resolve(null);
    });
  });
}

async function untilAnswering(child: Child, ask: () => Promise<number | null>): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const status = await ask();
    if (status !== null && status < 500) return;
    if (!child.isAlive) throw new Error(`${child.name} ended: ${child.output.trim()}`);
    if (Date.now() > deadline) {
      throw new Error(`${child.name} does not serve (${status}): ${child.output.trim()}`);
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
