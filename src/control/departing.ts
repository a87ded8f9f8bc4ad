/**
 * Who is bound to an address for datagrams. A balancer that drains leaves sockets that are connected,
 * one per session that it finishes; they take nothing from others, and its successor may listen beside
 * them. Anybody else there would get a share of the datagrams.
 */
import { readFileSync } from 'node:fs';
import type { BindPlan } from '../config/plan.ts';
import { encodeSockaddr } from '../sys/sockaddr.ts';
import { isWildcard } from '../sys/datagram-sockets.ts';

/** States of sockets in /proc/net/udp: TCP_ESTABLISHED is that of a connected one. */
const CONNECTED = '01';

/** Whether all sockets that hold an address are connected ones. */
export function isHeldByDeparting(bind: BindPlan): boolean {
  let table: string;
  try {
    table = readFileSync(bind.family === 'ipv6' ? '/proc/net/udp6' : '/proc/net/udp', 'utf8');
  } catch {
    return false;
  }
  const states = statesAt(table, bind);
  return states.length > 0 && states.every((state) => state === CONNECTED);
}

/** The states of the sockets in a table that are in the way of `bind`. */
export function statesAt(table: string, bind: BindPlan): string[] {
  const raw = encodeSockaddr(bind);
  const host = Buffer.from(raw.subarray(bind.family === 'ipv6' ? 8 : 4)).subarray(
    0,
    bind.family === 'ipv6' ? 16 : 4,
  );
  // The kernel writes each word of the address as a number of this machine: little-endian.
  const words = new Uint32Array(Uint8Array.from(host).buffer);
  const own = [...words].map((word) => hex(word, 8)).join('');
  const port = hex(bind.port, 4);
  const states: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state = ''] = line.trim().split(/\s+/);
    const [address = '', itsPort] = local.split(':');
    const overlaps = isWildcard(bind) || address === own || /^0+$/.test(address);
    if (itsPort === port && overlaps) states.push(state);
  }
  return states;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
