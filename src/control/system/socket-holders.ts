/** Which processes hold an address: what `ss -ltnp` shows, for messages. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { BindPlan } from '../../config/plan.ts';
import { LISTENS, socketsAt, unixSocketsAt } from './socket-table.ts';

/** What a process is to us: another supervisor, a worker of one, or none of ours. */
export type HolderRole = 'balancer' | 'worker' | 'other';

/** A process that holds an address. */
export type Holder = {
  readonly pid: number;
  /** Its command line in short, or its name in brackets. */
  readonly command: string;
  readonly role: HolderRole;
};

export type Holding = {
  /** Balancers before their workers; empty where nobody is found. */
  readonly holders: readonly Holder[];
  /** Whether the holders are a guess: they may not be looked into. */
  readonly isGuess: boolean;
  /** Users that own the sockets, whether their processes were found or not. */
  readonly uids: readonly number[];
};

export type SocketKind = 'stream' | 'datagrams';

const COMMAND_MAX = 80;

/** Who holds an address now. Looks through /proc: for errors and for `ballast doctor`. */
export function holdersOf(bind: BindPlan, kind: SocketKind): Holding {
  const { inodes, uids } = socketsOf(bind, kind);
  if (inodes.size === 0) return { holders: [], isGuess: false, uids };
  const holders: Holder[] = [];
  const hidden: Holder[] = [];
  for (const pid of processIds()) {
    const held = holdsAny(pid, inodes);
    if (held === true) holders.push(processOf(pid));
    else if (held === null) hidden.push(processOf(pid));
  }
  if (holders.length > 0) return { holders: ranked(holders), isGuess: false, uids };
  // Processes of ours do not let others look into them, not even those of the same user.
  const ours = hidden.filter(({ pid, role }) => role !== 'other' && isOfUser(pid, uids));
  return { holders: ranked(ours), isGuess: true, uids };
}

function ranked(holders: Holder[]): Holder[] {
  const rank = { balancer: 0, other: 1, worker: 2 };
  return holders.sort((a, b) => rank[a.role] - rank[b.role] || a.pid - b.pid);
}

type Found = { readonly inodes: ReadonlySet<string>; readonly uids: readonly number[] };

function socketsOf(bind: BindPlan, kind: SocketKind): Found {
  if (bind.family === 'unix') {
    const inodes = unixSocketsAt(readOrEmpty('/proc/net/unix'), bind.host);
    return { inodes: linkTexts(inodes), uids: [] };
  }
  const table = kind === 'stream' ? 'tcp' : 'udp';
  const any6: BindPlan = { family: 'ipv6', host: '::', port: bind.port };
  // A connection that has the port, or had it, is in nobody's way.
  const inWay = (text: string, at: BindPlan) =>
    socketsAt(text, at).filter(({ state }) => kind !== 'stream' || state === LISTENS);
  const own = readOrEmpty(`/proc/net/${table}${bind.family === 'ipv6' ? '6' : ''}`);
  let rows = inWay(own, bind);
  // A socket on [::] that takes IPv4 too is in the way of both.
  if (rows.length === 0 && bind.family === 'ipv4') {
    rows = inWay(readOrEmpty(`/proc/net/${table}6`), any6);
  }
  return {
    inodes: linkTexts(rows.map(({ inode }) => inode)),
    uids: [...new Set(rows.map(({ uid }) => uid))],
  };
}

function linkTexts(inodes: readonly number[]): Set<string> {
  return new Set(inodes.map((inode) => `socket:[${inode}]`));
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Whether a process holds one of the sockets; null where it may not be looked into. */
function holdsAny(pid: number, sockets: ReadonlySet<string>): boolean | null {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? null : false;
  }
  return names.some((name) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      return false;
    }
  });
}

/** Whether a process runs as one of the users; of a unix socket no user is known. */
function isOfUser(pid: number, uids: readonly number[]): boolean {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return uids.length === 0 || uids.includes(Number(uid));
}

function processOf(pid: number): Holder {
  const args = readOrEmpty(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((arg) => arg !== '');
  const line = args.join(' ');
  const name = line === '' ? `[${readOrEmpty(`/proc/${pid}/comm`).trim()}]` : line;
  return { pid, ...described(args, name) };
}

function described(args: readonly string[], line: string): Omit<Holder, 'pid'> {
  const main = args.findIndex((arg) => /(^|\/)cli\/main\.[jt]s$/.test(arg));
  if (main >= 0 && args[main + 1] === 'run') {
    return { command: `ballast ${args.slice(main + 1).join(' ')}`, role: 'balancer' };
  }
  if (args.some((arg) => /(^|\/)plane\/worker\.[jt]s$/.test(arg))) {
    return { command: 'a worker of Ballast', role: 'worker' };
  }
  const isLong = line.length > COMMAND_MAX;
  return { command: isLong ? `${line.slice(0, COMMAND_MAX)}…` : line, role: 'other' };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
