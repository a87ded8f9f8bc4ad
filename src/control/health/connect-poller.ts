import { EPOLLOUT, EventLoop } from '../../sys/event-loop.ts';

/** Waits between two looks while connections are under way: short for those that just began. */
const LOOK_MS_MIN = 1;
const LOOK_MS_MAX = 10;

/**
 * Tells when connections that are under way have ended, well or badly.
 *
 * Node would watch each socket by objects of its own, which cost more than the connection. Here all
 * of them are in one epoll, which is looked at in the turn in which they began, a millisecond
 * later, and then at growing intervals of up to 10 ms: a connection is seen at most 10 ms late, and
 * one that is made fast is seen soon.
 */
export class ConnectPoller {
  readonly #loop = new EventLoop();
  readonly #waiting = new Map<number, () => void>();
  #waitMs = LOOK_MS_MIN;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `ended` once the connection of `fd` has ended; false where the kernel refuses. */
  add(fd: number, ended: () => void): boolean {
    if (!this.#loop.add(fd, 0, EPOLLOUT)) return false;
    this.#waiting.set(fd, ended);
    this.#waitMs = LOOK_MS_MIN;
    this.#immediate ??= setImmediate(() => this.look());
    return true;
  }

  /** To be called before `fd` is closed. */
  forget(fd: number): void {
    this.#waiting.delete(fd);
  }

  /** Looks now. */
  look(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
    const count = this.#loop.wait(0);
    for (let i = 0; i < count; i++) {
      const fd = this.#loop.fdOf(i);
      const ended = this.#waiting.get(fd);
      this.#waiting.delete(fd);
      ended?.();
    }
    if (this.#waiting.size === 0 || this.#immediate !== undefined) return;
    this.#timer = setTimeout(() => this.look(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LOOK_MS_MAX);
  }
}
