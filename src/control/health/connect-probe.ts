import { getSystemErrorName } from 'node:util';
import type { BindPlan } from '../../config/plan.ts';
import { EAGAIN, EINPROGRESS } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCKADDR_BYTES } from '../../sys/sockaddr.ts';
import { decodeSockaddr, encodeSockaddr } from '../../sys/sockaddr.ts';
import {
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  closeFd,
} from '../../sys/sockets.ts';
import { ConnectPoller } from './connect-poller.ts';
import { reasonOfError } from './probe-errors.ts';
import type { ProbeRun } from './probe-run.ts';

// Must match <asm-generic/socket.h>.
const SO_ERROR = 4;
const SO_LINGER = 13;

const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

/** struct linger: closing sends RST. */
const lingerAddress = libc.lastingAddressOf(new Int32Array([1, 0]));
const own = new Uint8Array(SOCKADDR_BYTES);
const ownAddress = libc.lastingAddressOf(own);
const ownLength = new Int32Array(1);
const ownLengthAddress = libc.lastingAddressOf(ownLength);
const errorOut = new Int32Array(2);
const errorAddress = libc.lastingAddressOf(errorOut);

/** Addresses as the kernel has them, by those of plans: each is asked again and again. */
const sockaddrs = new WeakMap<BindPlan, { readonly bytes: Uint8Array; readonly at: number }>();

let poller: ConnectPoller | null = null;

/**
 * A probe that only connects, by system calls of its own: it is the check that most servers have,
 * and without Node's socket it costs half. It is closed by RST at once, so that frequent checks
 * leave no TIME_WAIT behind. Called once per probe.
 */
export function probeConnect(run: ProbeRun): void {
  const fd = begin(run);
  if (fd >= 0) {
    run.close = (hard) => end(fd, hard);
    // What has come by the time limit counts, however late this process looks.
    run.lastLook = lastLook;
  }
}

function lastLook(): void {
  poller!.look();
}

/** Begins to connect; -1 where it has failed, which the run is told in its next turn. */
function begin(run: ProbeRun): number {
  const { address } = run.target;
  try {
    poller ??= new ConnectPoller();
  } catch {
    return fail(run, -1, 'EMFILE');
  }
  const fd = libc.socket(FAMILIES[address.family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(run, fd, nameOf(libc.errno()));
  const { bytes, at } = sockaddrOf(address);
  if (libc.connect(fd, at, bytes.length) < 0) {
    const error = libc.errno();
    if (error !== EINPROGRESS) return fail(run, fd, nameOf(error));
  }
  if (!poller.add(fd, () => judge(run, fd))) return fail(run, fd, 'ENOMEM');
  return fd;
}

function fail(run: ProbeRun, fd: number, code: string): number {
  if (fd >= 0) closeFd(fd);
  const [reason, detail] = reasonOfError({ name: '', message: '', code }, false);
  const turn = setImmediate(() => run.finish(reason, detail));
  run.close = () => clearImmediate(turn);
  return -1;
}

function judge(run: ProbeRun, fd: number): void {
  errorOut[1] = 4;
  libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, errorAddress, errorAddress + 4);
  const error = errorOut[0]!;
  if (error !== 0) {
    const code = nameOf(error);
    const [reason, detail] = reasonOfError({ name: '', message: '', code }, false);
    run.finish(reason, detail);
  } else if (isSelfConnected(fd, run.target.address)) {
    run.finish('connect-refused', 'nobody listens (self-connect)');
  } else {
    run.pass('connected', true);
  }
}

function end(fd: number, hard: boolean): void {
  poller!.forget(fd);
  if (hard) libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, lingerAddress, 8);
  closeFd(fd);
}

/**
 * Whether TCP connected the socket to itself: on an address of this machine, with no listener, the
 * kernel may pick the very port that is being connected to (RFC 9293 §3.5, simultaneous open).
 */
function isSelfConnected(fd: number, address: BindPlan): boolean {
  if (address.family === 'unix') return false;
  ownLength[0] = own.length;
  libc.getsockname(fd, ownAddress, ownLengthAddress);
  if (((own[2]! << 8) | own[3]!) !== address.port) return false;
  const { host } = decodeSockaddr(own, 0);
  return host === address.host || address.host === '0.0.0.0' || address.host === '::';
}

function sockaddrOf(address: BindPlan): { readonly bytes: Uint8Array; readonly at: number } {
  let known = sockaddrs.get(address);
  if (known === undefined) {
    const bytes = encodeSockaddr(address);
    known = { bytes, at: libc.addressOf(bytes) };
    sockaddrs.set(address, known);
  }
  return known;
}

function nameOf(error: number): string {
  return error === EAGAIN ? 'EAGAIN' : getSystemErrorName(-error);
}
