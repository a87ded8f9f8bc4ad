/**
 * A worker whose supervisor is gone. It goes on serving, and waits under a name for a successor:
 *
 *   successor                          worker
 *       │ connects                        │  the same user, or root, one at a time
 *       │ socket 0 ──────────────────────▶│
 *       │◀───── descriptor 0, its bind key│  … until there is none: "end"
 *       │  its own workers serve on the same sockets
 *       │ drain 30000 ───────────────────▶│  accepts no more, ends with its last client
 *
 * A successor that goes away without "drain" has changed nothing.
 */
import { EPOLLIN, EPOLLRDHUP } from '../sys/event-loop.ts';
import { sendFd } from '../sys/fd-passing.ts';
import { acceptNamed, listenNamed, peerUid, receiveText, sendText } from '../sys/named-sockets.ts';
import { closeFd } from '../sys/sockets.ts';
import { accepting } from './acceptor.ts';
import { ROLE, Watched } from './connection.ts';
import { ORPHAN_NAME } from './worker-protocol.ts';
import { clientSockets } from './udp/udp-lifecycle.ts';
import { worker } from './worker-state.ts';

export class Orphan {
  readonly #onDrain: (deadlineMs: number) => void;
  #door: Watched | null;
  #guest: Watched | null = null;

  /** Throws BAL_SYS_SOCKET. */
  constructor(onDrain: (deadlineMs: number) => void) {
    this.#onDrain = onDrain;
    const name = `${ORPHAN_NAME}${process.pid}-${Date.now()}`;
    this.#door = new Watched(ROLE.control, listenNamed(name));
    worker.watch(this.#door, EPOLLIN);
  }

  /** Looks at both sockets; called when either has something. */
  receive(): void {
    if (this.#guest !== null) this.#listen(this.#guest);
    if (this.#door === null) return;
    for (let fd = acceptNamed(this.#door.fd); fd >= 0; fd = acceptNamed(this.#door.fd)) {
      const uid = peerUid(fd);
      if (this.#guest === null && (uid === 0 || uid === process.getuid!())) this.#welcome(fd);
      else closeFd(fd);
    }
  }

  #welcome(fd: number): void {
    this.#guest = new Watched(ROLE.control, fd);
    worker.watch(this.#guest, EPOLLIN | EPOLLRDHUP);
  }

  #listen(guest: Watched): void {
    for (let text = receiveText(guest.fd); text !== null; text = receiveText(guest.fd)) {
      const [word, value] = text.split(' ');
      if (word === 'socket') this.#give(guest, Number(value));
      else {
        if (word === 'drain') this.#leave(Number(value));
        this.#close(guest);
        this.#guest = null;
        return;
      }
    }
  }

  #give(guest: Watched, place: number): void {
    const socket = [...accepting.acceptors.values(), ...clientSockets.values()][place];
    if (socket === undefined) sendText(guest.fd, 'end');
    else sendFd(guest.fd, socket.fd, socket.key);
  }

  #leave(deadlineMs: number): void {
    if (this.#door !== null) this.#close(this.#door);
    this.#door = null;
    this.#onDrain(deadlineMs);
  }

  #close(one: Watched): void {
    worker.forget(one);
    closeFd(one.fd);
  }
}
