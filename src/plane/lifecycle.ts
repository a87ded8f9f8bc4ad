/** What the supervisor tells the worker: plans, health, the end. */
import { TLS_STAGE } from './tls/tls-stream.ts';
import { WORKER_METER } from '../base/meters.ts';
import type { Plan } from '../config/plan.ts';
import { setCoreDumps } from '../sys/core-dumps.ts';
import { applySocketOptions } from '../sys/socket-options.ts';
import { receiveFd } from '../sys/fd-passing.ts';
import { closeFd } from '../sys/sockets.ts';
import { openFilesLimit } from '../sys/process-limits.ts';
import { flushLog } from './access-log.ts';
import type { Acceptor } from './acceptor.ts';
import {
  HttpAcceptor,
  TcpAcceptor,
  accept,
  accepting,
  startAccepting,
  stopAccepting,
} from './acceptor.ts';
import { compilePlan, retire } from './apply-plan.ts';
import type { PlanRuntime } from './apply-plan.ts';
import { injectPlanFault, injectsFaults } from './fault-injection.ts';
import { ListenerRuntime } from './runtime.ts';
import { acceptSessions } from './tcp/accept-session.ts';
import { abortSession } from './tcp/end-session.ts';
import type { TcpClient } from './tcp/session.ts';
import { LANE_DESCRIPTORS } from './tcp/splice-lane.ts';
import { TcpListenerRuntime } from './tcp/tcp-listener.ts';
import {
  clientSockets,
  cutDatagrams,
  departDatagrams,
  findSockets,
  limitDatagrams,
  listenDatagrams,
} from './udp/udp-lifecycle.ts';
import { datagramSessions } from './udp/udp-listener.ts';
import { bufferUse } from './buffers.ts';
import type { ControlChannel } from './control-channel.ts';
import { watchEjections } from './ejection-watch.ts';
import { takeColumns } from './server-columns.ts';
import { ROLE, arm, hasInput } from './connection.ts';
import { FIRST_REQUEST_MS } from './limits.ts';
import { TIMER } from './timers.ts';
import { closeDownstream } from './downstream.ts';
import type { Downstream } from './downstream.ts';
import { abortExchange } from './exchange-end.ts';
import { setHttpChallenges } from './http-challenges.ts';
import { readAccepted } from './request-input.ts';
import { meters } from './meter-segment.ts';
import { Orphan } from './orphan.ts';
import { setTlsChallenges } from './tls/challenges.ts';
import { handshakes } from './tls/handshake-queue.ts';
import { commitTls, dropTls, prepareTls, takeStore, takeTicketKeys } from './tls/tls-state.ts';
import { noteTrouble } from './tls/tls-trouble.ts';
import { WORKER_FD, bindKey, storeOfKey } from './worker-protocol.ts';
import type { Hold, ServerHealthFrame, ToWorker } from './worker-protocol.ts';
import { worker } from './worker-state.ts';
import { REASON } from '../base/reasons.ts';

/** Descriptors that are taken for one plan at most. */
const PASSED_MAX = 100_000;

/** Descriptors that a worker needs beside its connections. */
const OWN_DESCRIPTORS = 64;

let control: ControlChannel | null = null;
let current: PlanRuntime | null = null;
/** What another process still takes from the sockets. */
let hold: Hold = 'none';
let drainDeadlineMs = Infinity;
let isDrainedSaid = false;
/** Listening sockets that have been passed, by bind key. */
const sockets = new Map<string, number>();
const seed = Number(process.argv[2] ?? 0);

export function setControl(channel: ControlChannel): void {
  control = channel;
}

/**
 * The supervisor is gone. A worker with a plan goes on serving with what it knows and waits for a
 * successor; a spare one has nothing to serve and nobody who could give it anything, nor has one
 * that was to take over from others and has not, and one that drains ends by itself.
 */
export function onSupervisorLost(): void {
  if (current === null || hold === 'all' || isDrainedSaid) process.exit(0);
  open('none');
  if (!worker.isDraining) control!.heir = new Orphan(leaveGently);
}

/** Called for each message of the supervisor. */
export function onMessage(message: ToWorker): void {
  switch (message.type) {
    case 'plan':
      hold = message.hold;
      takePlan(message.plan, message.servers, message.store);
      break;
    case 'open':
      open(message.hold);
      break;
    case 'leave':
      leaveGently(message.deadlineMs);
      break;
    case 'health':
      if (current !== null) takeColumns(message.servers, current);
      break;
    case 'drain':
      beginDrain(message.deadlineMs);
      break;
    case 'challenges':
      setHttpChallenges(message.http);
      setTlsChallenges(message.tls);
      break;
    case 'store':
      takeSockets();
      renewTls(message.store);
      break;
    case 'ticket-keys':
      takeTicketKeys(message);
      break;
    case 'stop':
      flushLog();
      process.exit(0);
  }
}

/** Certificates have changed. Where they cannot be used, those before stay. */
function renewTls(store: number): void {
  if (current === null) return;
  try {
    commitTls(current, prepareTls(current, store));
  } catch (error) {
    noteTrouble('store', `certificates were not renewed: ${String(error)}`);
  }
}

function takePlan(plan: Plan, servers: readonly ServerHealthFrame[], store: number): void {
  try {
    takeSockets();
    if (worker.isDraining) throw new Error('the worker is draining');
    const next = compilePlan(plan, current, seed);
    const tls = prepareTls(next, store);
    try {
      listen(next);
    } catch (error) {
      dropTls(tls);
      throw error;
    }
    next.settle();
    commitTls(next, tls);
    if (current !== null) retire(current, next);
    current = next;
    watchEjections(next.pools.values());
  } catch (error) {
    closeUnused();
    control!.send({ type: 'refused', version: plan.version, message: String(error) });
    return;
  }
  takeColumns(servers, current);
  setCoreDumps(plan.coreDumps);
  const { limits } = plan;
  const lanes = current.tcpListeners.size > 0 ? LANE_DESCRIPTORS : 0;
  const descriptors = openFilesLimit() - OWN_DESCRIPTORS - lanes;
  // Each client may need a connection to a server, and so two descriptors.
  const places = Math.floor((descriptors - limitDatagrams(plan, descriptors)) / 2);
  accepting.limit = Math.max(1, Math.min(limits.connections, places));
  bufferUse.limitBytes = limits.bufferMemory;
  handshakes.limit = limits.handshakes;
  worker.isLogging = plan.log.access !== 'off';
  meters[WORKER_METER.planVersionLive] = plan.version;
  control!.send({ type: 'applied', version: plan.version });
}

/** Takes from the sockets what was held back. Their number was looked at with the plan. */
function open(next: Hold): void {
  if (hold === next) return;
  hold = next;
  if (current !== null && !worker.isDraining) listen(current);
}

/**
 * Takes the descriptors that were passed. Where there was no room for one, throws once the others
 * are taken: so that those of the next plan are not taken for those of this one.
 */
function takeSockets(): void {
  let fault: Error | null = null;
  for (let tries = 0; tries < PASSED_MAX; tries++) {
    let passed: ReturnType<typeof receiveFd> = null;
    try {
      passed = receiveFd(WORKER_FD.descriptors);
    } catch (error) {
      fault ??= error as Error;
      continue;
    }
    if (passed === null) break;
    const store = storeOfKey(passed.text);
    if (store > 0) {
      takeStore(store, passed.fd);
      continue;
    }
    const before = sockets.get(passed.text);
    if (before !== undefined) closeFd(before);
    sockets.set(passed.text, passed.fd);
  }
  if (fault !== null) throw fault;
}

/** Closes sockets that were passed for a plan that is not in force. */
function closeUnused(): void {
  for (const [key, fd] of sockets) {
    if (accepting.acceptors.has(key) || clientSockets.has(key)) continue;
    sockets.delete(key);
    closeFd(fd);
  }
}

/** Accepts on the plan's sockets and on no others. Throws before it has changed anything. */
function listen(next: PlanRuntime): void {
  const { acceptors } = accepting;
  const wanted = new Map<string, ListenerRuntime | TcpListenerRuntime>();
  for (const listener of [...next.listeners.values(), ...next.tcpListeners.values()]) {
    for (const bind of listener.plan.binds) wanted.set(bindKey(bind), listener);
  }
  for (const key of wanted.keys()) {
    if (!sockets.has(key)) throw new Error(`no socket was passed for ${key}`);
  }
  if (injectsFaults) injectPlanFault(wanted.values());
  const datagrams = findSockets(next.udpListeners.values(), sockets);
  if (hold === 'all') return;
  for (const [key, listener] of wanted) {
    applySocketOptions(sockets.get(key)!, listener.plan.socket);
    if (!adopt(acceptors.get(key), listener)) acceptors.set(key, newAcceptor(key, listener));
  }
  for (const [key, acceptor] of acceptors) {
    if (!wanted.has(key)) dismiss(acceptor);
    else if (!accepting.isPaused) startAccepting(acceptor);
  }
  if (hold === 'none') listenDatagrams(datagrams, sockets);
}

/** Gives a socket that is watched already its listener anew; false where it takes another kind. */
function adopt(
  known: Acceptor | undefined,
  listener: ListenerRuntime | TcpListenerRuntime,
): boolean {
  if (known instanceof HttpAcceptor && listener instanceof ListenerRuntime) {
    known.listener = listener;
    return true;
  }
  if (known instanceof TcpAcceptor && listener instanceof TcpListenerRuntime) {
    known.listener = listener;
    return true;
  }
  // The protocol has changed: the same socket, but what comes from now on is treated differently.
  if (known !== undefined) stopAccepting(known);
  return false;
}

function newAcceptor(key: string, listener: ListenerRuntime | TcpListenerRuntime): Acceptor {
  const fd = sockets.get(key)!;
  if (listener instanceof ListenerRuntime) return new HttpAcceptor(fd, key, listener);
  return new TcpAcceptor(fd, key, listener);
}

/** A socket that is not listened on any more: idle connections end, others with their request. */
function dismiss(acceptor: Acceptor): void {
  acceptor.listener.isRemoved = true;
  takeLast(acceptor);
  accepting.acceptors.delete(acceptor.key);
  sockets.delete(acceptor.key);
  endIdle(clients().filter((d) => d.acceptor === acceptor));
}

/** All client connections: looked for when a socket ends, not kept track of. */
function clients(): Downstream[] {
  return worker.watched.filter((w): w is Downstream => w?.role === ROLE.downstream);
}

/** Closes what waits for a request; what has one closes after its answer. */
function endIdle(connections: readonly Downstream[]): void {
  for (const d of connections) {
    // It has not had the time to ask for anything.
    if (d.tls !== null && d.tls.stage !== TLS_STAGE.open) continue;
    // A request that has arrived and was not read yet is still served.
    if (d.exchange === null && hasInput(d)) readAccepted(d);
    if (d.isClosed) continue;
    if (d.exchange !== null) d.exchange.closeDownstream = true;
    else if (d.outLength > 0) d.closesWhenSent = true;
    else if (d.inLength === 0) {
      // Its first request may be on its way: with TLS it comes just behind the handshake.
      if (d.requests === 0) arm(d, TIMER.head, FIRST_REQUEST_MS);
      else closeDownstream(d);
    }
  }
}

/** The clients of all sessions of layer 4. */
function tcpClients(): TcpClient[] {
  return worker.watched.filter((w): w is TcpClient => w?.role === ROLE.tcpClient);
}

function beginDrain(deadlineMs: number): void {
  leaveGently(deadlineMs);
  endIdle(clients());
}

/**
 * Accepts no more; each client is told with its next answer that the connection ends. Somebody else
 * listens on the same sockets, so that idle connections may wait for their next request.
 */
function leaveGently(deadlineMs: number): void {
  departDatagrams();
  worker.isDraining = true;
  drainDeadlineMs = worker.nowMs + deadlineMs;
  for (const acceptor of accepting.acceptors.values()) takeLast(acceptor);
  accepting.acceptors.clear();
  // Their numbers may belong to clients from now on.
  sockets.clear();
}

/**
 * Takes the connections that were made before the end, and closes the socket: what comes later is
 * refused by the kernel once the supervisor and the other workers have closed theirs.
 */
function takeLast(acceptor: Acceptor): void {
  if (acceptor.isWatching) {
    if (acceptor instanceof HttpAcceptor) accept(acceptor, readAccepted);
    else if (acceptor instanceof TcpAcceptor) acceptSessions(acceptor);
  }
  stopAccepting(acceptor);
  closeFd(acceptor.fd);
}

/** Called each turn while draining: whether all clients are gone; past the deadline they go. */
export function isDrained(): boolean {
  if (worker.nowMs >= drainDeadlineMs) cutAll();
  if (worker.clients > 0 || datagramSessions.live > 0 || isDrainedSaid) return false;
  isDrainedSaid = true;
  flushLog();
  // Nobody is there to end it.
  if (!control!.isOpen) process.exit(0);
  return true;
}

function cutAll(): void {
  for (const d of clients()) {
    if (d.exchange !== null) abortExchange(d.exchange, REASON.draining);
    else closeDownstream(d);
  }
  for (const c of tcpClients()) abortSession(c.session, REASON.draining);
  cutDatagrams();
}
