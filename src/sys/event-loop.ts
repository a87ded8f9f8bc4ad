/**
 * epoll(7), edge-triggered, with a generation in each datum.
 *
 * A descriptor number is used again as soon as it is closed, while events for its predecessor may
 * still wait in the same batch. The datum therefore carries descriptor and generation; the caller
 * compares the generation with that of the connection it finds and drops what is stale.
 * struct epoll_event must match <sys/epoll.h>: packed to 12 bytes on x86-64, 16 bytes elsewhere.
 */
import { BallastError } from '../base/errors.ts';
import { errnoText } from './errno.ts';
import * as libc from './libc.ts';
import { mapPrivate } from './shared-memory.ts';

export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLET = 1 << 31;

const EPOLL_CLOEXEC = 0o2000000;
const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;

/** Events taken in one turn. */
export const EVENTS_MAX = 512;

const isPacked = process.arch === 'x64';
const WORDS = isPacked ? 3 : 4;
const DATA_WORD = isPacked ? 1 : 2;

/** The kernel's readiness queue of one worker. */
export class EventLoop {
  readonly #fd: number;
  readonly #events: Int32Array;
  readonly #eventsAddress: number;
  readonly #one: Int32Array;
  readonly #oneAddress: number;

  constructor() {
    this.#fd = libc.epollCreate1(EPOLL_CLOEXEC);
    if (this.#fd < 0) {
      throw new BallastError('BAL_SYS_EPOLL', `cannot make an epoll: ${errnoText(libc.errno())}`);
    }
    const memory = mapPrivate((EVENTS_MAX + 1) * WORDS * 4);
    this.#events = new Int32Array(memory.bytes.buffer);
    this.#eventsAddress = memory.address;
    this.#one = this.#events.subarray(EVENTS_MAX * WORDS);
    this.#oneAddress = memory.address + EVENTS_MAX * WORDS * 4;
  }

  /** Watches `fd`; returns false when the kernel refuses (its limit on watches is reached). */
  add(fd: number, generation: number, mask: number): boolean {
    this.#one[0] = mask;
    this.#one[DATA_WORD] = fd;
    this.#one[DATA_WORD + 1] = generation;
    return libc.epollCtl(this.#fd, CTL_ADD, fd, this.#oneAddress) === 0;
  }

  /** Reports what `fd` is ready for once more: for who has left some of it for the next turn. */
  renew(fd: number, generation: number, mask: number): void {
    this.#one[0] = mask;
    this.#one[DATA_WORD] = fd;
    this.#one[DATA_WORD + 1] = generation;
    libc.epollCtl(this.#fd, CTL_MOD, fd, this.#oneAddress);
  }

  /** Stops watching `fd`. Closing the last descriptor of a socket does the same. */
  remove(fd: number): void {
    libc.epollCtl(this.#fd, CTL_DEL, fd, this.#oneAddress);
  }

  /** Waits up to `timeoutMs`; returns the number of events, 0 also when a signal interrupts. */
  wait(timeoutMs: number): number {
    const count = libc.epollWait(this.#fd, this.#eventsAddress, EVENTS_MAX, timeoutMs);
    return count < 0 ? 0 : count;
  }

  maskOf(index: number): number {
    return this.#events[index * WORDS]!;
  }

  fdOf(index: number): number {
    return this.#events[index * WORDS + DATA_WORD]!;
  }

  generationOf(index: number): number {
    return this.#events[index * WORDS + DATA_WORD + 1]!;
  }
}
