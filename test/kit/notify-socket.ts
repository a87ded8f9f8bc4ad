/** Plays the service manager that is told how a service is: a unix datagram socket, read by polling. */
import * as libc from '../../src/sys/libc.ts';
import { AF_UNIX, encodeSockaddr } from '../../src/sys/sockaddr.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, closeFd } from '../../src/sys/sockets.ts';
import { until } from './wait.ts';

const SOCK_DGRAM = 2;
const MESSAGE_BYTES_MAX = 4_096;
const READ_EVERY_MS = 10;

export class NotifySocket implements Disposable {
  /** For NOTIFY_SOCKET: a path, or "@" and an abstract name. */
  readonly address: string;
  /** All messages so far, the oldest first. */
  readonly messages: string[] = [];
  readonly #fd: number;
  readonly #buffer = new Uint8Array(MESSAGE_BYTES_MAX);
  /** The kernel keeps few messages: they are taken as they come. */
  readonly #reader = setInterval(() => this.#read(), READ_EVERY_MS);

  constructor(address: string) {
    this.address = address;
    this.#fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const name = address.startsWith('@') ? abstract(address) : encodeSockaddr(unix(address));
    if (libc.bindSocket(this.#fd, libc.addressOf(name), name.length) < 0) {
      throw new Error(`cannot bind ${address}: errno ${libc.errno()}`);
    }
  }

  /** Waits for a message that has this line, past the first `after` messages; its place. */
  line(text: string | RegExp, after = 0): Promise<number> {
    const isIt = (line: string): boolean =>
      typeof text === 'string' ? line === text : text.test(line);
    return until(
      () => {
        const at = this.messages.findIndex((m, i) => i >= after && m.split('\n').some(isIt));
        return at < 0 ? null : at + 1;
      },
      { what: `a message with ${text}`, timeoutMs: 60_000 },
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#reader);
    closeFd(this.#fd);
  }

  #read(): void {
    for (;;) {
      const got = libc.recv(this.#fd, libc.addressOf(this.#buffer), MESSAGE_BYTES_MAX, 0);
      if (got <= 0) return;
      this.messages.push(new TextDecoder().decode(this.#buffer.subarray(0, got)));
    }
  }
}

function unix(host: string) {
  return { family: 'unix', host, port: 0 } as const;
}

function abstract(address: string): Uint8Array {
  const name = Buffer.from(`\0${address.slice(1)}`);
  return Uint8Array.from([AF_UNIX, 0, ...name]);
}
