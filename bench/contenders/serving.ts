/** Waiting until a port answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../children.ts';

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
