/**
 * Workers that outlived their supervisor, found by the names under which they wait. A successor gets
 * their listening sockets, serves on them beside the orphans, and then lets the orphans finish: no
 * connection is refused and none that waits to be accepted is lost. `plane/orphan.ts` is the other
 * side.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ORPHAN_NAME, groupOfKey } from '../plane/worker-protocol.ts';
import { receiveFd } from '../sys/fd-passing.ts';
import { connectNamed, peerUid, sendText } from '../sys/named-sockets.ts';
import { closeFd } from '../sys/sockets.ts';
import type { ProductLog } from './product-log.ts';

/** A worker that does not answer for this long is left alone, in ms. */
export const ORPHAN_ANSWER_MS = 1_000;
const LOOK_EVERY_MS = 1;

export class Orphans {
  /** Connections to those that hold a wanted socket. */
  readonly #held: number[] = [];
  /** Listening sockets by bind key; they belong to the caller. */
  readonly sockets = new Map<string, number>();

  /**
   * Looks for workers without supervisor that listen on any of the wanted bind keys. Of a group of
   * sockets for datagrams all are wanted where one is: what nobody takes over must not stay in it.
   */
  static async find(wanted: Iterable<string>): Promise<Orphans> {
    const found = new Orphans();
    const groups = new Set([...wanted].map(groupOfKey));
    await Promise.all(orphanNames().map((name) => found.#ask(name, groups)));
    return found;
  }

  /** Workers that hold a wanted socket. */
  get count(): number {
    return this.#held.length;
  }

  /** Closes the sockets that were passed: they are ours already. */
  closeSockets(): void {
    for (const fd of this.sockets.values()) closeFd(fd);
    this.sockets.clear();
  }

  /** Lets them finish for up to `drainMs`, now that others serve; they end by themselves. */
  drain(drainMs: number, log: ProductLog): void {
    const { count } = this;
    if (count === 0) return;
    log.warn({ workers: count }, 'took over from workers that had lost their supervisor');
    for (const fd of this.#held) sendText(fd, `drain ${drainMs}`);
    this.leave();
  }

  /** Leaves them as they were. */
  leave(): void {
    for (const fd of this.#held.splice(0)) closeFd(fd);
  }

  async #ask(name: string, groups: ReadonlySet<string>): Promise<void> {
    const fd = connectNamed(name);
    if (fd < 0) return;
    let isOurs = false;
    if (isOwn(peerUid(fd))) {
      for (let place = 0; ; place++) {
        const passed = await nextSocket(fd, place);
        if (passed === null) break;
        const isWanted = groups.has(groupOfKey(passed.text));
        if (isWanted && !this.sockets.has(passed.text)) this.sockets.set(passed.text, passed.fd);
        else closeFd(passed.fd);
        isOurs ||= isWanted;
      }
    }
    if (isOurs) this.#held.push(fd);
    else closeFd(fd);
  }
}

/** A process of another user may use the same name, and is not to be believed. */
function isOwn(uid: number): boolean {
  return uid === 0 || uid === process.getuid!();
}

/** One socket of a worker; null where there are no more, or the worker does not answer. */
async function nextSocket(fd: number, place: number): Promise<ReturnType<typeof receiveFd>> {
  if (!sendText(fd, `socket ${place}`)) return null;
  const untilMs = performance.now() + ORPHAN_ANSWER_MS;
  while (performance.now() < untilMs) {
    const passed = receiveOrNothing(fd);
    if (passed === GONE) return null;
    if (passed !== null) return passed.text === 'end' ? null : passed;
    await pause(LOOK_EVERY_MS);
  }
  return null;
}

const GONE = 'gone';

/** A worker may end while it is asked: then there is nothing to take over, and nothing is wrong. */
function receiveOrNothing(fd: number): ReturnType<typeof receiveFd> | typeof GONE {
  try {
    return receiveFd(fd);
  } catch {
    return GONE;
  }
}

/** Names under which workers wait in this network namespace; none where /proc cannot be read. */
function orphanNames(): string[] {
  let table: string;
  try {
    table = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return [];
  }
  const names = new Set<string>();
  for (const line of table.split('\n')) {
    const at = line.indexOf(` @${ORPHAN_NAME}`);
    if (at >= 0) names.add(line.slice(at + 2));
  }
  return [...names];
}
