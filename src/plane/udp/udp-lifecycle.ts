/** Sockets for datagrams as plans come and go, and the end of the worker. */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { readFileSync } from 'node:fs';
import type { Plan } from '../../config/plan.ts';
import { isWildcard, kernelDrops } from '../../sys/datagram-sockets.ts';
import { checkLayout } from '../../sys/datagrams.ts';
import { AF_INET, AF_INET6 } from '../../sys/sockaddr.ts';
import { ROLE } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import { datagramGroup, groupOfKey } from '../worker-protocol.ts';
import { worker } from '../worker-state.ts';
import { closeClientSocket } from './client-socket.ts';
import { depart } from './departure.ts';
import { endSession } from './end-session.ts';
import { DRAIN_ANSWER_MS } from './receive-answers.ts';
import { receiveClients } from './receive-clients.ts';
import { flushReplies } from './replies.ts';
import { DATAGRAM_MASK, serverSockets } from './server-socket.ts';
import type { UdpServerSocket } from './server-socket.ts';
import { UdpClientSocket } from './udp-listener.ts';
import type { UdpListenerRuntime } from './udp-listener.ts';
import type { UdpSession } from './udp-session.ts';

/** How often the kernel is asked for what it threw away, in ms. */
const DROPS_EVERY_MS = 1_000;
/** Share of the local ports that sessions may use, over all workers. */
const PORTS_PERCENT = 90;

/** Datagrams that are still read from a socket that is left, in batches of BATCH each. */
const LAST_ROUNDS = 64;

/** Sockets of listeners that this worker reads, by key. */
export const clientSockets = new Map<string, UdpClientSocket>();

type Wanted = { readonly key: string; readonly listener: UdpListenerRuntime };

/**
 * The sockets that a plan needs of those that were passed. Throws where one is missing, and has
 * changed nothing then.
 */
export function findSockets(
  listeners: Iterable<UdpListenerRuntime>,
  passed: ReadonlyMap<string, number>,
): Wanted[] {
  const wanted: Wanted[] = [];
  const keys = new Map([...passed.keys()].map((key) => [groupOfKey(key), key]));
  for (const listener of listeners) {
    for (const bind of listener.plan.binds) {
      const key = keys.get(datagramGroup(bind));
      if (key === undefined) throw new Error(`no socket was passed for ${datagramGroup(bind)}`);
      wanted.push({ key, listener });
    }
  }
  return wanted;
}

/** Reads from the wanted sockets and from no others. Those that are left are closed. */
export function listenDatagrams(wanted: readonly Wanted[], passed: Map<string, number>): void {
  if (wanted.length > 0 && clientSockets.size === 0) checkLayout();
  const keys = new Set(wanted.map(({ key }) => key));
  for (const [key, socket] of clientSockets) {
    if (keys.has(key)) continue;
    endAll(socket, REASON.listenerRemoved);
    clientSockets.delete(key);
    closeClientSocket(socket);
    passed.delete(key);
  }
  for (const { key, listener } of wanted) {
    const known = clientSockets.get(key);
    if (known === undefined) clientSockets.set(key, open(key, passed.get(key)!, listener));
    else {
      if (known.listener.plan.key !== listener.plan.key) endAll(known, REASON.listenerRemoved);
      known.listener = listener;
    }
  }
}

function open(key: string, fd: number, listener: UdpListenerRuntime): UdpClientSocket {
  const bind = listener.plan.binds.find((one) => datagramGroup(one) === groupOfKey(key))!;
  const family = bind.family === 'ipv4' ? AF_INET : AF_INET6;
  const socket = new UdpClientSocket({ fd, key, listener, family, isWildcard: isWildcard(bind) });
  socket.dropsCounted = kernelDrops(fd);
  worker.watch(socket, DATAGRAM_MASK);
  worker.wheel.schedule(socket, worker.nowMs + DROPS_EVERY_MS);
  return socket;
}

/** Counts what the kernel threw away since the last time. */
export function clientSocketDue(c: UdpClientSocket): void {
  if (c.isClosed) return;
  const drops = kernelDrops(c.fd);
  const since = (drops - c.dropsCounted) >>> 0;
  c.dropsCounted = drops;
  bump(c.listener.meter + LISTENER_METER.drops + DROP.receiveBuffer, since);
  worker.wheel.schedule(c, worker.nowMs + DROPS_EVERY_MS);
}

/** Sessions and awaited answers; all of them, or those of one socket. Looked for, not kept track of. */
function sessionsOf(c: UdpClientSocket | null): UdpSession[] {
  const all = worker.watched
    .filter((w): w is UdpServerSocket => w?.role === ROLE.udpServer)
    .map((u) => u.session)
    .filter((s) => s !== null);
  return c === null ? all : all.filter((s) => s.socket === c);
}

function endAll(c: UdpClientSocket | null, reason: number): void {
  for (const s of sessionsOf(c)) endSession(s, reason);
}

/**
 * Takes no new sessions any more; to be called before the worker drains. Those that are there, what
 * has come until now included, go on, on sockets of their own.
 */
export function departDatagrams(): void {
  for (const c of clientSockets.values()) {
    for (let i = 0; i < LAST_ROUNDS && receiveClients(c); i++);
    for (const s of sessionsOf(c)) {
      if (s.isConfirmed || c.listener.isPacket) continue;
      if (s.isAnswered) endSession(s, REASON.none);
      else worker.wheel.schedule(s.upstream!, worker.nowMs + DRAIN_ANSWER_MS);
    }
    flushReplies();
    depart(c, sessionsOf(c));
    // Without a socket of ours there is no way to the client.
    endAll(c, REASON.draining);
    closeClientSocket(c);
  }
  clientSockets.clear();
}

/** Ends all sessions: the time to drain is over. */
export function cutDatagrams(): void {
  endAll(null, REASON.draining);
}

/** Sockets towards servers that this worker may have: descriptors and ports are not for it alone. */
export function limitDatagrams(plan: Plan, descriptors: number): number {
  const listeners = plan.listeners.filter(({ protocol }) => protocol === 'udp');
  let wanted = 0;
  for (const listener of listeners) if (listener.protocol === 'udp') wanted += listener.sessions;
  const ports = Math.floor((localPorts() * PORTS_PERCENT) / 100 / plan.workers);
  serverSockets.limit = Math.max(1, Math.min(wanted, ports, Math.floor(descriptors / 2)));
  return listeners.length === 0 ? 0 : serverSockets.limit;
}

/** Ports that the kernel gives to sockets without one; its default where it cannot be read. */
function localPorts(): number {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
    const [first = 32_768, last = 60_999] = text.trim().split(/\s+/).map(Number);
    return last - first + 1;
  } catch {
    return 28_232;
  }
}
