/**
 * A worker that drains leaves the socket that it shares with its supervisor and its successor: what
 * is not read there any more is theirs. Its sessions go on.
 *
 *   confirmed sessions   a socket each, bound to the same address and connected to the client: the
 *                        kernel gives it that client's datagrams, and no others
 *   all others           one socket that only sends: connected to itself, it is given nothing
 *
 * All of them stay in the kernel's group of sockets without taking part in it.
 */
import type { BindPlan } from '../../config/plan.ts';
import { connectDatagram } from '../../sys/datagram-sockets.ts';
import { NAME_WORDS } from '../../sys/datagrams.ts';
import { addressOf } from '../../sys/libc.ts';
import { AF_INET, encodeSockaddr } from '../../sys/sockaddr.ts';
import { boundAddress } from '../../sys/sockets.ts';
import { worker } from '../worker-state.ts';
import { DATAGRAM_MASK } from './server-socket.ts';
import { UdpClientSocket } from './udp-listener.ts';
import type { UdpSession } from './udp-session.ts';

/** Sessions of one socket that get a socket of their own; the others are only answered. */
export const DEPARTING_MAX = 1_024;

const IPV4_AT = 4;
const IPV6_AT = 8;

/** Gives the sessions of a socket to sockets of this worker alone. What cannot be given stays. */
export function depart(c: UdpClientSocket, sessions: readonly UdpSession[]): void {
  const bind = boundAddress(c.fd);
  const sender = openSender(c, bind);
  let count = 0;
  for (const s of sessions) {
    const own = s.isConfirmed && count < DEPARTING_MAX ? openOwn(c, bind, s) : null;
    if (own !== null) count++;
    const next = own ?? sender;
    if (next === null) continue;
    if (s.isInTable) c.table.remove(s);
    s.isInTable = false;
    s.socket = next;
  }
}

function openSender(c: UdpClientSocket, bind: BindPlan): UdpClientSocket | null {
  const source = encodeSockaddr(bind);
  const isAny = c.localFamily !== 0;
  const host = bind.family === 'ipv4' ? '127.0.0.1' : '::1';
  const self = encodeSockaddr(isAny ? { ...bind, host } : bind);
  return open(c, source, self, null);
}

/** A socket bound to where a session's client sends to, and connected to that client. */
function openOwn(c: UdpClientSocket, bind: BindPlan, s: UdpSession): UdpClientSocket | null {
  const source = encodeSockaddr(bind);
  const isIpv4 = c.family === AF_INET;
  if (c.localFamily !== 0) {
    const local = new Uint8Array(s.key.buffer, s.key.byteOffset + NAME_WORDS * 4, 16);
    source.set(local.subarray(0, isIpv4 ? 4 : 16), isIpv4 ? IPV4_AT : IPV6_AT);
  }
  const size = isIpv4 ? 16 : NAME_WORDS * 4;
  const peer = new Uint8Array(s.key.buffer, s.key.byteOffset, size).slice();
  return open(c, source, peer, s);
}

function open(
  c: UdpClientSocket,
  source: Uint8Array,
  to: Uint8Array,
  only: UdpSession | null,
): UdpClientSocket | null {
  const peer = { at: addressOf(to), length: to.length };
  const fd = connectDatagram(peer, { family: c.family, source, joins: true });
  if (fd < 0) return null;
  const { key, listener, family } = c;
  // The session's socket has its local address by its own; the sender must be told it each time.
  const isWildcard = only === null && c.localFamily !== 0;
  const own = new UdpClientSocket({ fd, key, listener, family, isWildcard }, only);
  worker.watch(own, DATAGRAM_MASK);
  return own;
}
