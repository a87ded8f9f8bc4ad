/** `ballast drain`: a server gets nothing new; what it has goes on. */
import { setTimeout as pause } from 'node:timers/promises';
import { BallastError } from '../base/errors.ts';
import type { AdminTarget } from './admin-client.ts';
import { adminTarget } from './admin-target.ts';
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

/** Drains, and waits if that is asked for. Throws BAL_SERVER_UNKNOWN, _BUSY and _GONE. */
export async function drain(choice: DrainChoice): Promise<void> {
  const { server, isJson, waitMs } = choice;
  const admin = await adminTarget(choice);
  const report = await sendChange(admin, server, { administrative: 'drain' });
  if (waitMs === null) {
    printReport(report, isJson);
    return;
  }
  if (!isJson) printReport(report, false);
  const keys = report.servers.map((one) => `${one.pool}/${one.server}`);
  const left = await untilNothingIsLeft(admin, { server, keys }, waitMs);
  if (!isJson) return;
  const servers = report.servers.map((one) => {
    return { ...one, requestsLive: left.get(`${one.pool}/${one.server}`) ?? 0 };
  });
  printReport({ ...report, servers }, true);
}

/** What is left by server; null of one that has left the configuration meanwhile. */
type Left = ReadonlyMap<string, number | null>;

async function untilNothingIsLeft(
  admin: AdminTarget,
  { server, keys }: { readonly server: string; readonly keys: readonly string[] },
  waitMs: number,
): Promise<Left> {
  const begin = performance.now();
  const progress = new Progress();
  for (;;) {
    const left = await leftOn(admin, server, keys);
    const gone = keys.filter((key) => left.get(key) === null);
    let sum = 0;
    for (const count of left.values()) sum += count ?? 0;
    const elapsedMs = performance.now() - begin;
    const seconds = (elapsedMs / 1_000).toFixed(1);
    if (sum > 0 || gone.length === 0) {
      progress.show(`${server}: ${leftText(sum)} after ${seconds} s`, sum);
    }
    if (sum === 0) {
      progress.end();
      if (gone.length > 0) throw goneError(gone);
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

/** Sessions may be left on it, which nobody counts any more: that nothing is left would be a lie. */
function goneError(keys: readonly string[]): BallastError {
  const whole = keys.length === 1 ? keys[0]! : `${keys.length} servers (${keys[0]!}, …)`;
  const message = `${whole} left the configuration while it was waited for`;
  return new BallastError('BAL_SERVER_GONE', message, {
    hint: 'what was on it goes on until it ends, and is not counted: look at the server itself',
  });
}

async function leftOn(admin: AdminTarget, server: string, keys: readonly string[]): Promise<Left> {
  const left = new Map<string, number | null>(keys.map((key) => [key, null]));
  try {
    for (const { pool, name, requestsLive } of await listServers(admin, server)) {
      left.set(`${pool}/${name}`, requestsLive);
    }
  } catch (error) {
    if (!(error instanceof BallastError && error.code === 'BAL_SERVER_UNKNOWN')) throw error;
  }
  return left;
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
