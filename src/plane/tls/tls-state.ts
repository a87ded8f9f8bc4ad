/**
 * What TLS of this worker rests on, and how it changes: the certificates of a store, the contexts of
 * listeners and pools that are made of them, ticket keys.
 */
import type { PlanRuntime } from '../apply-plan.ts';
import type { PoolRuntime } from '../runtime.ts';
import type { TicketKeysFrame } from '../worker-protocol.ts';
import { closeFd } from '../../sys/sockets.ts';
import { CertificateBook } from './certificate-book.ts';
import { Termination } from './termination.ts';
import { setTicketKeys } from './ticket-keys.ts';
import { forgetSession } from './upstream-handshake.ts';
import { UpstreamTls } from './upstream-tls.ts';

let book = CertificateBook.empty();
/** Contexts in use, for new ticket keys. */
const terminations = new Set<Termination>();
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
  readonly terminations: ReadonlyMap<{ termination: Termination | null }, Termination>;
  readonly upstreams: ReadonlyMap<PoolRuntime, UpstreamTls>;
};

/**
 * Makes what `plan` needs of a store, and changes nothing yet. Throws BAL_TLS_MATERIAL, or what says
 * that the store cannot be read.
 */
export function prepareTls(plan: PlanRuntime, store: number): Made {
  const next = bookOf(store);
  const made: Made = { book: next, terminations: new Map(), upstreams: new Map() };
  try {
    for (const listener of [...plan.listeners.values(), ...plan.tcpListeners.values()]) {
      const { tls } = listener.plan;
      if (tls !== null) put(made.terminations, listener, new Termination(tls, next));
    }
    for (const pool of plan.pools.values()) {
      const { tls } = pool.plan;
      if (tls !== null) put(made.upstreams, pool, new UpstreamTls(tls, next));
    }
  } catch (error) {
    dropTls(made);
    throw error;
  }
  return made;
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): void {
  (map as Map<K, V>).set(key, value);
}

/** Gives back what was prepared and is not used. */
export function dropTls(made: Made): void {
  for (const one of [...made.terminations.values(), ...made.upstreams.values()]) one.free();
  if (made.book !== book) made.book.close();
}

/** Puts what was prepared in force. Handshakes under way end with what they began with. */
export function commitTls(plan: PlanRuntime, made: Made): void {
  for (const before of terminations) before.free();
  terminations.clear();
  for (const [listener, termination] of made.terminations) {
    listener.termination = termination;
    terminations.add(termination);
  }
  for (const pool of plan.pools.values()) {
    pool.tls?.free();
    pool.tls = made.upstreams.get(pool) ?? null;
    // Servers may be verified by something else now.
    for (const server of pool.servers) forgetSession(server);
  }
  if (made.book !== book) book.close();
  book = made.book;
  for (const [store, fd] of passed) {
    if (store > book.store) continue;
    closeFd(fd);
    passed.delete(store);
  }
}

/** Takes new ticket keys. */
export function takeTicketKeys(frame: TicketKeysFrame): void {
  setTicketKeys(
    frame.keys,
    [...terminations].filter(({ plan }) => plan.tickets).map(({ context }) => context),
  );
}
