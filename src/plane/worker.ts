/**
 * The data plane: one process, one thread, one epoll loop that never ends and never waits for
 * anything but its descriptors. Started by the supervisor with the descriptors of WORKER_FD;
 * the argument is the worker's index.
 */
import { HEARTBEAT_MS, WORKER_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { setCoreDumps } from '../sys/core-dumps.ts';
import { ownDescriptorTable } from '../sys/own-descriptors.ts';
import { flushLog, logDueMs } from './access-log.ts';
import { accept, accepting, resumeAccepting } from './acceptor.ts';
import type { HttpAcceptor, TcpAcceptor } from './acceptor.ts';
import { bufferUse } from './buffers.ts';
import { ROLE } from './connection.ts';
import type { Watched } from './connection.ts';
import { ControlChannel } from './control-channel.ts';
import { kickQueues, queues } from './wait-queue.ts';
import { abortExchange } from './exchange-end.ts';
import { closeDownstream } from './downstream.ts';
import type { Downstream } from './downstream.ts';
import { onDownstream, onUpstream, resumeReady } from './events.ts';
import { lookAtEjections } from './ejection-watch.ts';
import { isDrained, onMessage, onSupervisorLost, setControl } from './lifecycle.ts';
import { onDue } from './limits-due.ts';
import { QUEUE_POLL_MS } from './limits.ts';
import { bump, meters } from './meter-segment.ts';
import { readAccepted } from './request-input.ts';
import { advanceSlowStarts } from './slow-start.ts';
import { acceptSessions } from './tcp/accept-session.ts';
import { abortSession } from './tcp/end-session.ts';
import { onTcpClient, onTcpServer } from './tcp/session-events.ts';
import type { TcpClient } from './tcp/session.ts';
import { endDatagrams, onDatagrams } from './udp/datagram-events.ts';
import { handshakes } from './tls/handshake-queue.ts';
import { runWaitingHandshakes } from './tls/handshake-turns.ts';
import { troubles } from './tls/tls-trouble.ts';
import { flushReplies } from './udp/replies.ts';
import { closeUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import type { PassiveFrame } from './worker-protocol.ts';
import { worker } from './worker-state.ts';

/** Longest wait for events: the heart must beat. */
const WAIT_MS = HEARTBEAT_MS / 2;
/** Exceptions after which a worker is not trusted any more, and ends itself to be replaced. */
const EXCEPTIONS_MAX = 1_000;

let exceptions = 0;

ownDescriptorTable();
// Until a plan allows them.
setCoreDumps(false);
const control = new ControlChannel(onMessage, onSupervisorLost);
setControl(control);
control.send({ type: 'hello', pid: process.pid });

function handle(w: Watched, mask: number): void {
  switch (w.role) {
    case ROLE.downstream:
      onDownstream(w as Downstream, mask);
      break;
    case ROLE.upstream:
      onUpstream(w as Upstream, mask);
      break;
    case ROLE.listener:
      accept(w as HttpAcceptor, readAccepted);
      break;
    case ROLE.tcpClient:
      onTcpClient(w as TcpClient, mask);
      break;
    case ROLE.tcpServer:
      onTcpServer(w as Upstream, mask);
      break;
    case ROLE.udpServer:
    case ROLE.udpListener:
      onDatagrams(w);
      break;
    case ROLE.tcpListener:
      acceptSessions(w as TcpAcceptor);
      break;
    default:
      control.receive();
  }
}

/** An exception ends the connection that raised it, and nothing else. */
function contain(error: unknown): void {
  const w = worker.current;
  worker.current = null;
  bump(WORKER_METER.exceptions);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  control.send({ type: 'event', level: 'error', code: 'BAL_WORKER_EXCEPTION', message });
  if (++exceptions > EXCEPTIONS_MAX) process.exit(1);
  if (w === null || w.role === ROLE.control) return;
  try {
    end(w);
  } catch (again) {
    control.send({
      type: 'event',
      level: 'error',
      code: 'BAL_WORKER_EXCEPTION',
      message: String(again),
    });
    process.exit(1);
  }
}

function end(w: Watched): void {
  if (w.role === ROLE.downstream) {
    const d = w as Downstream;
    if (d.exchange !== null) abortExchange(d.exchange, REASON.exception);
    else closeDownstream(d);
  } else if (w.role === ROLE.upstream) {
    const u = w as Upstream;
    if (u.exchange !== null) abortExchange(u.exchange, REASON.exception);
    else closeUpstream(u);
  } else if (w.role === ROLE.tcpClient) {
    abortSession((w as TcpClient).session, REASON.exception);
  } else if (w.role === ROLE.tcpServer) {
    const { session } = w as Upstream;
    if (session !== null) abortSession(session, REASON.exception);
    else closeUpstream(w as Upstream);
  } else if (w.role >= ROLE.udpListener) endDatagrams(w);
}

function waitMs(): number {
  if (worker.ready.length > 0 || worker.resumeAt < worker.resuming.length) return 0;
  if (handshakes.waiting.length > 0) return 0;
  const due = Math.min(worker.wheel.nextDueMs(), logDueMs());
  const limit = queues.pools.size > 0 ? QUEUE_POLL_MS : WAIT_MS;
  const wait = Math.ceil(due - worker.nowMs);
  return wait < 0 ? 0 : Math.min(wait, limit);
}

function turn(): void {
  const count = worker.loop.wait(waitMs());
  worker.nowMs = performance.now();
  bump(WORKER_METER.heartbeat);
  lookAtServers();
  let index = 0;
  // One try for the batch: what is left of it goes on after an exception.
  while (index < count) {
    try {
      for (; index < count; index++) {
        const w = worker.watched[worker.loop.fdOf(index)];
        if (w === undefined || w.generation !== worker.loop.generationOf(index)) {
          bump(WORKER_METER.staleEvents);
          continue;
        }
        worker.current = w;
        handle(w, worker.loop.maskOf(index));
      }
    } catch (error) {
      index++;
      contain(error);
    }
  }
}

const sendPassive = (frame: PassiveFrame): void => control.send(frame);

/** Before anything is given to a server in this turn. */
function lookAtServers(): void {
  worker.current = null;
  try {
    lookAtEjections(sendPassive);
    advanceSlowStarts();
  } catch (error) {
    contain(error);
  }
}

function housekeeping(): void {
  worker.current = null;
  try {
    flushReplies();
    // Who waits in a queue goes before who asks again.
    if (queues.pools.size > 0) kickQueues();
    runWaitingHandshakes();
    resumeReady();
    worker.wheel.advance(worker.nowMs, onDue);
    if (accepting.isPaused) resumeAccepting();
    if (worker.nowMs >= logDueMs()) flushLog();
    for (const message of troubles.splice(0)) {
      control.send({ type: 'event', level: 'error', code: 'BAL_TLS_TROUBLE', message });
    }
    control.flush();
    meters[WORKER_METER.bufferBytesLive] = bufferUse.bytes;
    if (worker.isDraining && isDrained()) control.send({ type: 'drained' });
  } catch (error) {
    contain(error);
  }
}

/** The longest turn so far: for so long no connection was looked at. */
function noteTurn(): void {
  const us = (performance.now() - worker.nowMs) * 1000;
  if (us > meters[WORKER_METER.turnMaxUs]!) meters[WORKER_METER.turnMaxUs] = us;
}

for (;;) {
  turn();
  housekeeping();
  noteTurn();
}
