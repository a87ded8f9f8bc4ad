/** Connects to what an address should serve, and says what that met. */
import type { Timer } from '../base/timer-heap.ts';
import type { DataPathTarget } from '../config/plan-addresses.ts';
import { EPOLLIN, EPOLLOUT } from '../sys/event-loop.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, encodeSockaddr } from '../sys/sockaddr.ts';
import { closeFd, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } from '../sys/sockets.ts';
import { setOption } from '../sys/raw-sockets.ts';
import type { Reactor } from './reactor.ts';

// Must match <asm-generic/socket.h>.
const SO_ERROR = 4;
const SO_LINGER = 13;
const FAMILY = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;
/** Asks for nothing; any answer will do. */
const REQUEST = Buffer.from(
  'OPTIONS * HTTP/1.1\r\nHost: ballast\r\nConnection: close\r\n\r\n',
  'latin1',
);

/** `refused`: nobody listens there; `reset`: somebody does, who ended the connection at once. */
export type ServiceOutcome = 'ok' | 'refused' | 'reset' | 'silent';

const scratch = new Uint8Array(new ArrayBuffer(512));
const scratchAddress = libc.lastingAddressOf(scratch);
const value = new Int32Array(2);
const valueAddress = libc.lastingAddressOf(value);

/** All targets must be well: the first that is not decides. Ends within `withinMs`. */
export class ServiceProbe {
  readonly #reactor: Reactor;
  readonly #onEnd: (outcome: ServiceOutcome) => void;
  readonly #open = new Set<number>();
  readonly #timer: Timer;
  #isOver = false;

  constructor(
    reactor: Reactor,
    targets: readonly DataPathTarget[],
    withinMs: number,
    onEnd: (outcome: ServiceOutcome) => void,
  ) {
    this.#reactor = reactor;
    this.#onEnd = onEnd;
    this.#timer = reactor.after(withinMs, () => this.#end('silent'));
    for (const target of targets) if (!this.#isOver) this.#connect(target);
  }

  /** Ends without an outcome. */
  close(): void {
    this.#isOver = true;
    this.#reactor.cancel(this.#timer);
    for (const fd of this.#open) this.#drop(fd);
    this.#open.clear();
  }

  #connect({ bind, speaksHttp }: DataPathTarget): void {
    const fd = libc.socket(FAMILY[bind.family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    this.#open.add(fd);
    const address = encodeSockaddr(bind);
    const done = libc.connect(fd, libc.addressOf(address), address.length);
    const errno = done < 0 ? libc.errno() : 0;
    if (errno !== 0 && errno !== EINPROGRESS && errno !== EAGAIN) {
      // Where there is no route there may be none for us alone: that says nothing of the other.
      this.#end(errno === ECONNREFUSED ? 'refused' : 'silent');
      return;
    }
    this.#reactor.watch(fd, () => this.#connected(fd, speaksHttp), EPOLLOUT);
  }

  #connected(fd: number, speaksHttp: boolean): void {
    const errno = socketError(fd);
    if (errno !== 0) {
      const isReset = errno === ECONNRESET;
      this.#end(errno === ECONNREFUSED ? 'refused' : isReset ? 'reset' : 'silent');
      return;
    }
    if (!speaksHttp) {
      this.#wellDone(fd);
      return;
    }
    this.#reactor.unwatch(fd);
    libc.send(fd, libc.addressOf(REQUEST), REQUEST.length, MSG_NOSIGNAL);
    this.#reactor.watch(fd, () => this.#answered(fd), EPOLLIN);
  }

  #answered(fd: number): void {
    const got = libc.recv(fd, scratchAddress, scratch.length, 0);
    if (got > 0) this.#wellDone(fd);
    else this.#end('reset');
  }

  #wellDone(fd: number): void {
    this.#open.delete(fd);
    this.#drop(fd);
    if (this.#open.size === 0) this.#end('ok');
  }

  #drop(fd: number): void {
    this.#reactor.unwatch(fd);
    // A reset instead of a long farewell: nothing of it stays in the tables of either host.
    value[0] = 1;
    value[1] = 0;
    setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(value.buffer));
    closeFd(fd);
  }

  #end(outcome: ServiceOutcome): void {
    if (this.#isOver) return;
    this.close();
    this.#onEnd(outcome);
  }
}

const MSG_NOSIGNAL = 0x4000;
const length = new Int32Array(1);
const lengthAddress = libc.lastingAddressOf(length);

function socketError(fd: number): number {
  length[0] = 4;
  if (libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, valueAddress, lengthAddress) < 0) return ECONNRESET;
  return value[0]!;
}
