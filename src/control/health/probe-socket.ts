import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ProbeReason, ProbeResult, ProbeTarget } from './probe.ts';

/** What a kind of probe does on its connection. Each ends the probe by `probe.finish`. */
export type ProbeTalk = {
  connected(probe: ProbeSocket): void;
  /** Null where only the connection counts: nothing is read then. */
  readonly reader: ProbeReader | null;
};

/** Where what a server sends goes. */
export type ProbeReader = {
  data(probe: ProbeSocket, chunk: Buffer): void;
  /** The server has closed its side. */
  ended(probe: ProbeSocket): void;
};

/**
 * A time limit that fires this much late, or half the limit late if that is more, tells of a
 * process that did not run rather than of a silent server.
 */
const STALL_MS_MIN = 100;

const REASON_BY_CODE: Readonly<Record<string, ProbeReason>> = {
  ECONNREFUSED: 'connect-refused',
  // A unix socket whose path is gone, or whose queue of connections is full.
  ENOENT: 'connect-refused',
  EAGAIN: 'connect-refused',
  ETIMEDOUT: 'connect-timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EMFILE: 'local-resources',
  ENFILE: 'local-resources',
  ENOBUFS: 'local-resources',
  ENOMEM: 'local-resources',
  EADDRNOTAVAIL: 'local-resources',
};

/**
 * One connection of one probe, with one time limit from the first packet to the verdict.
 *
 * Whatever happens, `done` is called once and the descriptor is closed. Made once per probe.
 */
export class ProbeSocket {
  readonly socket: Socket;
  readonly #talk: ProbeTalk;
  readonly #done: (result: ProbeResult) => void;
  readonly #timeoutMs: number;
  readonly #startedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isConnected = false;
  #isOver = false;

  constructor(target: ProbeTarget, talk: ProbeTalk, done: (result: ProbeResult) => void) {
    const { address } = target;
    this.#talk = talk;
    this.#done = done;
    this.#timeoutMs = target.timeoutMs;
    this.socket = new Socket();
    this.#listen();
    this.#timer = setTimeout(onTimeLimit, target.timeoutMs, this);
    if (address.family === 'unix') this.socket.connect({ path: address.host });
    else {
      const { host, port } = address;
      this.socket.connect({ host, port, autoSelectFamily: false });
    }
  }

  /** Ends the probe; only the first call counts. `hard` closes by RST: no TIME_WAIT is left. */
  finish(reason: ProbeReason, detail: string, hard = false): void {
    if (this.#isOver) return;
    this.#close(hard);
    const durationMs = performance.now() - this.#startedAtMs;
    this.#done({ passed: reason === 'check-passed', reason, detail, durationMs });
  }

  /** Ends the probe without a result. */
  cancel(): void {
    if (!this.#isOver) this.#close(false);
  }

  /** The time is up: called by the timer, then once more when what had come in was dealt with. */
  timeIsUp(): void {
    if (this.#isOver) return;
    const elapsedMs = performance.now() - this.#startedAtMs;
    const lateMs = elapsedMs - this.#timeoutMs;
    if (lateMs > Math.max(STALL_MS_MIN, this.#timeoutMs / 2)) {
      this.finish('local-stall', `the probe's process did not run for ${Math.round(lateMs)} ms`);
    } else if (this.#isConnected) {
      this.finish('timeout', `no full answer within ${this.#timeoutMs} ms`);
    } else {
      this.finish('connect-timeout', `no connection within ${this.#timeoutMs} ms`);
    }
  }

  #close(hard: boolean): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    // While connecting, resetAndDestroy would wait for the connection.
    if (hard && this.#isConnected) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  #listen(): void {
    const { socket } = this;
    socket.once('connect', () => {
      this.#isConnected = true;
      if (isSelfConnected(socket)) this.finish('connect-refused', 'nobody listens (self-connect)');
      else if (!this.#isOver) this.#talk.connected(this);
    });
    const { reader } = this.#talk;
    if (reader === null) {
      socket.pause();
    } else {
      socket.on('data', (chunk: Buffer) => {
        if (!this.#isOver) reader.data(this, chunk);
      });
      socket.once('end', () => {
        if (!this.#isOver) reader.ended(this);
      });
    }
    // Stays for good: an error after the end of the probe must not become an uncaught exception.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
  }

  #failed(error: NodeJS.ErrnoException): void {
    const code = error.code ?? 'unknown';
    const otherwise = this.#isConnected ? 'reset' : 'unreachable';
    this.finish(REASON_BY_CODE[code] ?? otherwise, code);
  }
}

/**
 * After a pause of the whole process the timers run before the sockets: what had arrived in time
 * must be read before the verdict, and setImmediate runs after it was.
 */
function onTimeLimit(probe: ProbeSocket): void {
  setImmediate(() => probe.timeIsUp());
}

/**
 * Whether TCP connected the socket to itself: on an address of this machine, with no listener, the
 * kernel may pick the very port that is being connected to (RFC 9293 §3.5, simultaneous open).
 */
export function isSelfConnected(socket: Socket): boolean {
  if (socket.remotePort === undefined || socket.localPort !== socket.remotePort) return false;
  return socket.localAddress === socket.remoteAddress;
}
