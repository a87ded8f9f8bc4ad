/** The kernel's tables of sockets, /proc/net/tcp and its like, as text: proc_pid_net(5). */
import { formatIp } from '../../codec/ip-address.ts';
import type { BindPlan } from '../../config/plan.ts';
import { isWildcard } from '../../sys/datagram-sockets.ts';
import { encodeSockaddr } from '../../sys/sockaddr.ts';

/** A row of a table that concerns an address. */
export type SocketRow = {
  /** Two hex digits: 0A is one that listens, 01 one that is connected. */
  readonly state: string;
  readonly uid: number;
  /** What `socket:[…]` in /proc/PID/fd says too. */
  readonly inode: number;
};

/** A connection, by its ends. */
export type Connection = {
  readonly host: string;
  readonly port: number;
  readonly peer: string;
  readonly peerPort: number;
};

/** State of a TCP socket that listens. */
export const LISTENS = '0A';

/** Rows of /proc/net/tcp, tcp6, udp or udp6 whose local address is in the way of `bind`. */
export function socketsAt(table: string, bind: BindPlan): SocketRow[] {
  const own = hexAddress(bind);
  const port = hex(bind.port, 4);
  const rows: SocketRow[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    const [address = '', itsPort] = local.split(':');
    const overlaps = isWildcard(bind) || address === own || /^0+$/.test(address);
    if (itsPort !== port || !overlaps) continue;
    rows.push({ state, uid: Number(uid), inode: Number(inode) });
  }
  return rows;
}

/** Connections of /proc/net/tcp or tcp6 to one of `hosts`, which are canonical texts. */
export function connectionsAt(table: string, hosts: ReadonlySet<string>): Connection[] {
  const found: Connection[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    if (state === LISTENS || state === undefined) continue;
    const [host, port] = endOf(local);
    if (!hosts.has(host)) continue;
    const [peer, peerPort] = endOf(remote);
    found.push({ host, port, peer, peerPort });
  }
  return found;
}

function endOf(text: string): [host: string, port: number] {
  const [address = '', port = ''] = text.split(':');
  const words = address.match(/.{8}/g) ?? [];
  const raw = Uint32Array.from(words, (word) => Number.parseInt(word, 16));
  return [formatIp(new Uint8Array(raw.buffer)), Number.parseInt(port, 16)];
}

/** Sockets of /proc/net/unix that listen on a path, by inode. */
export function unixSocketsAt(table: string, path: string): number[] {
  const inodes: number[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, , , flags = '', , , inode = '', ...name] = line.trim().split(/\s+/);
    const listens = (Number.parseInt(flags, 16) & SO_ACCEPTCON) !== 0;
    if (listens && name.join(' ') === path) inodes.push(Number(inode));
  }
  return inodes;
}

/** Must match <linux/net.h>. */
const SO_ACCEPTCON = 1 << 16;

/** The kernel writes each word of an address as a number of this machine: little-endian. */
function hexAddress(bind: BindPlan): string {
  const raw = encodeSockaddr(bind);
  const host = bind.family === 'ipv6' ? raw.slice(8, 24) : raw.slice(4, 8);
  return [...new Uint32Array(host.buffer)].map((word) => hex(word, 8)).join('');
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
