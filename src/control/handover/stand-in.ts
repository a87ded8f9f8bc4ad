/**
 * Who waits for `ballast run` (a shell, the kernel for process 1 of a container, a supervisor that is
 * not systemd) waits for the process that it started. So that one stays after an upgrade, as a
 * stand-in that serves nothing: it passes on signals and ends as the main process does.
 *
 *   stand-in ◀── a socket that each main process hands to its successor ── main process
 *               main 4711     who it is
 *               end 0         it ends, and its exit code
 *
 * The main process ends, and leaves its workers to a successor, when the stand-in is gone: to whoever
 * waits, the balancer is dead then, and he may start another one.
 */
import { Socket } from 'node:net';
import * as libc from '../../sys/libc.ts';
import { closeFd, socketPair } from '../../sys/sockets.ts';

/** Exit code where the main process did not say one: it was killed. */
const UNKNOWN_END = 70;

/** In the process that was started first. */
export class StandIn {
  /** The end that main processes get. */
  readonly fd: number;
  readonly #socket: Socket;
  #text = '';
  #pid = 0;
  #code = UNKNOWN_END;
  /** Resolves with the exit code of the main process. */
  readonly ended: Promise<number>;

  constructor() {
    const [ours, theirs] = socketPair('stream');
    this.fd = theirs;
    this.#socket = new Socket({ fd: ours, readable: true, writable: true });
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#received(text));
    this.#socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', () => resolve(this.#code));
    });
  }

  /** Closes our copy of the other end: the main process has its own. */
  stay(pid: number): void {
    this.#pid = pid;
    closeFd(this.fd);
  }

  /** No main process came of it. */
  dismiss(): void {
    closeFd(this.fd);
    this.#socket.destroy();
  }

  /** Passes a signal on to the main process. */
  signal(name: NodeJS.Signals): void {
    try {
      process.kill(this.#pid, name);
    } catch {
      // It has ended: that is about to be known.
    }
  }

  #received(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop()!;
    for (const line of lines) {
      const [word, value] = line.split(' ');
      if (word === 'main') this.#pid = Number(value);
      if (word === 'end') this.#code = Number(value);
    }
  }
}

/** In a main process that somebody stands in for. */
export class StoodFor {
  readonly fd: number;
  readonly #socket: Socket;
  #isOver = false;

  /** Owns `fd`. `onLost` is called when the stand-in is gone. */
  constructor(fd: number, onLost: () => void) {
    this.fd = fd;
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.resume();
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => {
      if (!this.#isOver) onLost();
    });
  }

  /** This process is the main one from now on. */
  begin(): void {
    this.#write(`main ${process.pid}\n`);
  }

  /** This process ends; may be called while it exits. */
  end(code: number): void {
    if (!this.#isOver) this.#write(`end ${code}\n`);
  }

  /** A successor has it now. */
  leave(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    libc.write(this.fd, libc.addressOf(bytes), bytes.length);
  }
}
