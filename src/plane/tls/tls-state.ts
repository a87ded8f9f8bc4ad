/**
 * What TLS of this worker rests on, and how it changes: the certificates of a store, the contexts of
 * listeners and pools that are made of them, ticket keys.
 */
import type { PlanRuntime } from '../apply-plan.ts';
import type { ServerTlsPlan, TerminationPlan } from '../../config/plan-tls.ts';
import type { ListenerRuntime } from '../runtime.ts';
import type { TcpListenerRuntime } from '../tcp/tcp-listener.ts';
import type { TicketKeysFrame } from '../worker-protocol.ts';
import { closeFd } from '../../sys/sockets.ts';
import { CertificateBook } from './certificate-book.ts';
import { Termination } from './termination.ts';
import { setTicketKeys } from './ticket-keys.ts';
import { forgetSession } from './upstream-handshake.ts';
import { UpstreamTls } from './upstream-tls.ts';

let book = CertificateBook.empty();
/** Contexts in use, by the plan that they are made of: the same plan and store, the same context. */
let terminations: ReadonlyMap<string, Termination> = new Map();
let upstreams: ReadonlyMap<string, UpstreamTls> = new Map();
/** Memory files of stores that were passed and are not open yet, by their number. */
const passed = new Map<number, number>();

/** Takes the memory file of a store; it is opened when a frame names it. */
export function takeStore(store: number, fd: number): void {
  const before = passed.get(store);
  if (before !== undefined) closeFd(before);
  passed.set(store, fd);
}

/** The book of a store: the present one where it is that. Throws where it cannot be read. */
function bookOf(store: number): CertificateBook {
  if (store === book.store) return book;
  if (store === 0) return CertificateBook.empty();
  const fd = passed.get(store);
  if (fd === undefined) throw new Error(`no certificate store ${store} was passed`);
  return CertificateBook.open(store, fd);
}

/** Everything of a plan that has TLS, made of one book. */
type Made = {
  readonly book: CertificateBook;
  readonly terminations: Map<string, Termination>;
  readonly upstreams: Map<string, UpstreamTls>;
};

/**
 * Makes what `plan` needs of a store, and changes nothing yet. Throws BAL_TLS_MATERIAL, or what says
 * that the store cannot be read.
 */
export function prepareTls(plan: PlanRuntime, store: number): Made {
  const next = bookOf(store);
  const isSame = next === book;
  const made: Made = { book: next, terminations: new Map(), upstreams: new Map() };
  try {
    for (const { plan: listener } of endersOf(plan)) {
      if (listener.tls === null) continue;
      const key = keyOf(listener.tls);
      const known = made.terminations.get(key) ?? (isSame ? terminations.get(key) : undefined);
      made.terminations.set(key, known ?? new Termination(listener.tls, next));
    }
    for (const { plan: pool } of plan.pools.values()) {
      if (pool.tls === null) continue;
      const key = keyOf(pool.tls);
      const known = made.upstreams.get(key) ?? (isSame ? upstreams.get(key) : undefined);
      made.upstreams.set(key, known ?? new UpstreamTls(pool.tls, next));
    }
  } catch (error) {
    dropTls(made);
    throw error;
  }
  return made;
}

/** Listeners that may end TLS. */
function endersOf(plan: PlanRuntime): (ListenerRuntime | TcpListenerRuntime)[] {
  return [...plan.listeners.values(), ...plan.tcpListeners.values()];
}

function keyOf(plan: TerminationPlan | ServerTlsPlan): string {
  return JSON.stringify(plan);
}

/** Gives back what was prepared and is not used. */
export function dropTls(made: Made): void {
  freeOthers(made.terminations, terminations);
  freeOthers(made.upstreams, upstreams);
  if (made.book !== book) made.book.close();
}

/** Frees what stands in `these` and not in `kept`. */
function freeOthers<T extends { free(): void }>(
  these: ReadonlyMap<string, T>,
  kept: ReadonlyMap<string, T>,
): void {
  for (const [key, one] of these) if (kept.get(key) !== one) one.free();
}

/** Puts what was prepared in force. Handshakes under way end with what they began with. */
export function commitTls(plan: PlanRuntime, made: Made): void {
  for (const listener of endersOf(plan)) {
    const { tls } = listener.plan;
    listener.termination = tls === null ? null : made.terminations.get(keyOf(tls))!;
  }
  for (const pool of plan.pools.values()) {
    const { tls } = pool.plan;
    const next = tls === null ? null : made.upstreams.get(keyOf(tls))!;
    // Servers may be verified by something else now.
    if (next !== pool.tls) for (const server of pool.servers) forgetSession(server);
    pool.tls = next;
  }
  freeOthers(terminations, made.terminations);
  freeOthers(upstreams, made.upstreams);
  terminations = made.terminations;
  upstreams = made.upstreams;
  if (made.book !== book) book.close();
  book = made.book;
  for (const [store, fd] of passed) {
    if (store > book.store) continue;
    closeFd(fd);
    passed.delete(store);
  }
}

/** The context for a pool whose own one is gone: the pool is one of an older plan; or null. */
export function upstreamTlsFor(plan: ServerTlsPlan): UpstreamTls | null {
  return upstreams.get(keyOf(plan)) ?? null;
}

/** Takes new ticket keys. */
export function takeTicketKeys(frame: TicketKeysFrame): void {
  setTicketKeys(
    frame.keys,
    [...terminations.values()].filter(({ plan }) => plan.tickets).map(({ context }) => context),
  );
}
