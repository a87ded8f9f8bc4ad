/**
 * What to do about an address that cannot be listened on: the kernel's refusal together with what
 * is known of this machine.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { BallastError } from '../../base/errors.ts';
import type { BindPlan } from '../../config/plan.ts';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EMFILE,
  ENAMETOOLONG,
  ENFILE,
  ENOENT,
  ENOTDIR,
  EPERM,
  EROFS,
} from '../../sys/errno.ts';
import { bindText, type ListenError } from '../../sys/sockets.ts';
import { holdersOf, type Holding, type SocketKind } from './socket-holders.ts';

/** What the advice rests on. Asked for only where it is needed: looking through /proc takes time. */
export type ListenFacts = {
  readonly holding: () => Holding;
  /** `eth0 10.0.0.5`, one for each address of the wanted family. */
  readonly addresses: () => readonly string[];
  /** The first port that needs no privilege. */
  readonly privilegedBelow: () => number;
  readonly isIpv6Off: () => boolean;
};

/** Reason and remedy, each a phrase. */
export type Advice = { readonly reason: string; readonly hint: string };

/** The error with who is in the way, and what would help here. */
export function explainListenError(error: ListenError, kind: SocketKind): BallastError {
  const { bind, errno, code } = error;
  const { reason, hint } = listenAdvice({ bind, errno, kind }, factsFor(bind, kind));
  const text = reason === '' ? error.message : `cannot listen on ${bindText(bind)}: ${reason}`;
  return new BallastError(code, text, { hint, cause: error });
}

/** A refusal of the kernel. */
export type Refusal = {
  readonly bind: BindPlan;
  readonly errno: number;
  readonly kind: SocketKind;
};

/** An empty reason means that the kernel's own words say enough. */
export function listenAdvice({ bind, errno, kind }: Refusal, facts: ListenFacts): Advice {
  switch (errno) {
    case EADDRINUSE:
      return inUse(bind, facts.holding(), kind);
    case EACCES:
    case EPERM:
      return notAllowed(bind, facts);
    case EADDRNOTAVAIL:
      return notHere(bind, facts);
    case EAFNOSUPPORT:
      return { reason: 'this kernel has no IPv6', hint: NO_IPV6 };
    case EMFILE:
      return { reason: '', hint: 'raise the limit on open files: LimitNOFILE= or ulimit -n' };
    case ENFILE:
      return { reason: '', hint: 'raise it for all processes: sysctl -w fs.file-max=…' };
    case ENOENT:
      return { reason: 'the folder of the socket does not exist', hint: FOLDER };
    case ENOTDIR:
      return { reason: '', hint: 'every part of the path but the last must be a folder' };
    case EROFS:
      return { reason: '', hint: 'choose a folder below /run' };
    case ENAMETOOLONG:
      return { reason: '', hint: 'the path of a unix socket has at most 107 bytes' };
    default:
      return { reason: '', hint: 'look up the error number in errno(3)' };
  }
}

const NO_IPV6 = 'take the IPv6 addresses out, or start the kernel without ipv6.disable=1';

const FOLDER = 'create it; with systemd, RuntimeDirectory=ballast makes /run/ballast at each start';

/** Most processes that may be the one. */
const GUESSES_MAX = 4;

function inUse(bind: BindPlan, { holders, isGuess, uids }: Holding, kind: SocketKind): Advice {
  const [first] = holders;
  if (first === undefined && bind.family === 'unix') {
    return {
      reason: 'the path is there already, and is no socket',
      hint: 'remove it, or choose another',
    };
  }
  const look = kind === 'stream' ? '"ss -ltnp"' : '"ss -lunp"';
  if (first === undefined) {
    const user = uids.length === 0 ? '' : ` by a process of user id ${uids.join(', ')}`;
    const hint = `find it as root with ${look}, stop it or choose another address`;
    return { reason: `address in use${user}`, hint };
  }
  const by = `address in use by ${isGuess ? 'perhaps ' : ''}`;
  if (first.role === 'balancer') {
    const all = holders.filter(({ role }) => role === 'balancer').slice(0, GUESSES_MAX);
    const names = all.map(({ pid, command }) => `pid ${pid} (${command})`).join(' or ');
    const stop = all.length === 1 ? `"kill ${first.pid}"` : 'SIGTERM';
    const hint = `it runs already: change it with "ballast reload", or stop it with ${stop}`;
    return { reason: `${by}another Ballast, ${names}`, hint };
  }
  if (first.role === 'worker') {
    const pids = holders.map(({ pid }) => pid).join(' ');
    const reason = `${by}pid ${pids}, a worker whose supervisor is gone and which does not answer`;
    return { reason, hint: `end it with "kill -9 ${pids}"; its connections end with it` };
  }
  const hint = `stop it or choose another address; ${look} shows all that listen`;
  return { reason: `${by}pid ${first.pid} (${first.command})`, hint };
}

function notAllowed(bind: BindPlan, facts: ListenFacts): Advice {
  if (bind.family === 'unix') {
    const hint = 'let the user that Ballast runs as write to the folder, or choose another one';
    return { reason: 'this user may not make a socket in that folder', hint };
  }
  const below = facts.privilegedBelow();
  if (bind.port >= below) {
    const hint = 'a security module (SELinux, AppArmor) or a filter of the service forbids it';
    return { reason: '', hint: `${hint}: look into the log of the kernel` };
  }
  return {
    reason: `this user may not listen on ports below ${below}`,
    hint:
      'in the unit: AmbientCapabilities=CAP_NET_BIND_SERVICE (not setcap on the node program: ' +
      'every script that it runs would have the right, and an update loses it); ' +
      `or for all users: sysctl -w net.ipv4.ip_unprivileged_port_start=${bind.port}; ` +
      `or a port from ${below} on`,
  };
}

function notHere(bind: BindPlan, facts: ListenFacts): Advice {
  if (bind.family === 'ipv6' && facts.isIpv6Off()) {
    return {
      reason: 'IPv6 is switched off on this machine',
      hint: 'sysctl -w net.ipv6.conf.all.disable_ipv6=0, or take the IPv6 addresses out',
    };
  }
  const here = facts.addresses();
  const word = bind.family === 'ipv6' ? 'net.ipv6.ip_nonlocal_bind' : 'net.ipv4.ip_nonlocal_bind';
  return {
    reason: `no interface has this address; there are: ${here.join(', ') || 'none'}`,
    hint:
      'choose one of them or all (0.0.0.0, [::]); an address that comes later needs ' +
      `"freebind: true" in the listener, or for all programs: sysctl -w ${word}=1`,
  };
}

function factsFor(bind: BindPlan, kind: SocketKind): ListenFacts {
  return {
    holding: () => holdersOf(bind, kind),
    addresses: () => addressesOf(bind.family),
    privilegedBelow: () => sysctl('net/ipv4/ip_unprivileged_port_start', 1_024),
    isIpv6Off: () => sysctl('net/ipv6/conf/all/disable_ipv6', 0) === 1,
  };
}

function sysctl(path: string, fallback: number): number {
  try {
    return Number(readFileSync(`/proc/sys/${path}`, 'utf8'));
  } catch {
    return fallback;
  }
}

/** Most addresses that a message lists. */
const ADDRESSES_MAX = 12;

function addressesOf(family: BindPlan['family']): string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter((entry) => entry.family.toLowerCase() === family)
      .map(({ address }) => `${name} ${address}`),
  );
  return all.length <= ADDRESSES_MAX ? all : [...all.slice(0, ADDRESSES_MAX), '…'];
}
