/** `ballast drain`: a server gets nothing new; what it has goes on. */
import { setTimeout as pause } from 'node:timers/promises';
import { BallastError } from '../base/errors.ts';
import { adminAddress } from './admin-address.ts';
import {
  leftText,
  listServers,
  printReport,
  sendChange,
  type ServerChoice,
} from './change-servers.ts';

/** How often it is looked whether anything is left, in ms. */
const LOOK_EVERY_MS = 250;

export type DrainChoice = ServerChoice & {
  /** How long to wait until nothing is left, in ms; null does not wait. */
  readonly waitMs: number | null;
};

/** Drains, and waits if that is asked for. Throws BAL_SERVER_UNKNOWN and BAL_SERVER_BUSY. */
export async function drain(choice: DrainChoice): Promise<void> {
  const { server, isJson, waitMs } = choice;
  const admin = await adminAddress(choice);
  const report = await sendChange(admin, server, { administrative: 'drain' });
  if (waitMs === null) {
    printReport(report, isJson);
    return;
  }
  if (!isJson) printReport(report, false);
  const left = await untilNothingIsLeft(admin, server, waitMs);
  if (!isJson) return;
  const servers = report.servers.map((one) => {
    return { ...one, requestsLive: left.get(`${one.pool}/${one.server}`) ?? 0 };
  });
  printReport({ ...report, servers }, true);
}

async function untilNothingIsLeft(
  admin: string,
  server: string,
  waitMs: number,
): Promise<ReadonlyMap<string, number>> {
  const begin = performance.now();
  const progress = new Progress();
  for (;;) {
    const left = await leftOn(admin, server);
    let sum = 0;
    for (const count of left.values()) sum += count;
    const elapsedMs = performance.now() - begin;
    const seconds = (elapsedMs / 1_000).toFixed(1);
    progress.show(`${server}: ${leftText(sum)} after ${seconds} s`, sum);
    if (sum === 0) {
      progress.end();
      return left;
    }
    if (elapsedMs >= waitMs) {
      progress.end();
      throw new BallastError('BAL_SERVER_BUSY', `${server}: ${leftText(sum)} after ${seconds} s`, {
        hint: 'it stays drained: ask again with a longer --timeout, or cut them by "maintenance"',
      });
    }
    await pause(Math.min(LOOK_EVERY_MS, Math.max(1, waitMs - elapsedMs)));
  }
}

/** What is left by server; a server that has left the configuration has nothing. */
async function leftOn(admin: string, server: string): Promise<Map<string, number>> {
  try {
    const servers = await listServers(admin, server);
    return new Map(
      servers.map(({ pool, name, requestsLive }) => [`${pool}/${name}`, requestsLive]),
    );
  } catch (error) {
    if (error instanceof BallastError && error.code === 'BAL_SERVER_UNKNOWN') return new Map();
    throw error;
  }
}

/** One line that changes on a terminal; else a line each time that the count has changed. */
class Progress {
  readonly #isTerminal = process.stderr.isTTY;
  #count = -1;

  show(text: string, count: number): void {
    if (this.#isTerminal) process.stderr.write(`\r\u001b[K${text}`);
    else if (count !== this.#count) process.stderr.write(`${text}\n`);
    this.#count = count;
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write('\n');
  }
}
