/** Options of TCP sockets that a configuration sets; tcp(7). */
import type { KeepAlivePlan, SocketPlan } from '../config/plan-layer4.ts';
import * as libc from './libc.ts';
import { IPPROTO_TCP, SOL_SOCKET } from './sockets.ts';

// Must match <sys/socket.h> and <netinet/tcp.h>.
const SO_KEEPALIVE = 9;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;

const value = new Int32Array(1);
const valueAddress = libc.addressOf(value);

/**
 * Sets keep-alive probes and the user timeout of a socket. On a listening socket they hold for all
 * connections that are accepted from it later, which saves the calls for each of them. On a unix
 * socket they mean nothing and change nothing.
 */
export function applySocketOptions(fd: number, plan: SocketPlan): void {
  if (plan.keepAlive === null) set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
  else setKeepAlive(fd, plan.keepAlive);
  setUserTimeout(fd, plan.userTimeoutMs);
}

/** Turns keep-alive probes on. */
export function setKeepAlive(fd: number, plan: KeepAlivePlan): void {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, plan.idleS);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, plan.intervalS);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, plan.probes);
}

/** Sets TCP_USER_TIMEOUT; 0 is the kernel's own limit. */
export function setUserTimeout(fd: number, ms: number): void {
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
}

function set(fd: number, level: number, option: number, to: number): void {
  value[0] = to;
  libc.setsockopt(fd, level, option, valueAddress, 4);
}
