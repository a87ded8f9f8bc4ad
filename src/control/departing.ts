/**
 * Who is bound to an address for datagrams. A balancer that drains leaves sockets that are connected,
 * one per session that it finishes; they take nothing from others, and its successor may listen beside
 * them. Anybody else there would get a share of the datagrams.
 */
import { readFileSync } from 'node:fs';
import type { BindPlan } from '../config/plan.ts';
import { socketsAt } from './system/socket-table.ts';

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
  const found = socketsAt(table, bind);
  return found.length > 0 && found.every(({ state }) => state === CONNECTED);
}
