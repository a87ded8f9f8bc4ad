/** One guardian process as its supervisor sees it: started, spoken to, ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { GUARD_FRAME_BYTES_MAX } from '../../guard/guard-protocol.ts';
import type { FromGuard, ToGuard } from '../../guard/guard-protocol.ts';
import { sendFd } from '../../sys/fd-passing.ts';
import { closeFd, socketPair } from '../../sys/sockets.ts';
import { childEnvironment } from '../child-environment.ts';
import { encodeFrame, FrameReader } from '../frames.ts';

const ENTRY = fileURLToPath(new URL('../../guard/guardian.ts', import.meta.url));

/** A small young generation stays in the caches, and its collections are short. */
const NODE_FLAGS = [
  '--max-semi-space-size=4',
  '--disable-warning=ExperimentalWarning',
  '--disable-sigusr1',
];

export type GuardianProcessOptions = {
  /** Descriptor of the board. */
  readonly board: number;
  readonly onFrame: (guardian: GuardianProcess, frame: FromGuard) => void;
  readonly onExit: (guardian: GuardianProcess, how: string) => void;
};

export class GuardianProcess {
  readonly pid: number;
  readonly #bornMs = performance.now();
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** Whether it has said hello: everything is loaded. */
  isReady = false;
  isGone = false;
  endReason = '';
  readonly #options: GuardianProcessOptions;
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #descriptors: number;
  readonly #frames = new FrameReader(GUARD_FRAME_BYTES_MAX);
  #markExited: () => void = () => {};

  constructor(options: GuardianProcessOptions) {
    this.#options = options;
    this.exited = new Promise((resolve) => (this.#markExited = resolve));
    const control = socketPair('stream');
    const descriptors = socketPair('seqpacket');
    const flags = (process.env['BALLAST_GUARD_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
    // A group of its own: a Ctrl-C in a terminal reaches the supervisor alone.
    this.#child = spawn(process.execPath, [...NODE_FLAGS, ...flags, ENTRY], {
      stdio: ['ignore', 2, 2, control[1], descriptors[1], options.board],
      detached: true,
      env: childEnvironment([]),
    });
    closeFd(control[1]);
    closeFd(descriptors[1]);
    this.#descriptors = descriptors[0];
    this.#control = new Socket({ fd: control[0], readable: true, writable: true });
    this.#control.on('data', (piece: Buffer) => this.#received(piece));
    this.#control.on('error', () => {});
    this.pid = this.#child.pid ?? 0;
    this.#child.once('error', (error) => this.#gone(`could not be started: ${error.message}`));
    this.#child.once('exit', (code, signal) =>
      this.#gone(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
    );
  }

  /** For how long there has been such a process, in ms. */
  get livedMs(): number {
    return performance.now() - this.#bornMs;
  }

  send(frame: ToGuard): void {
    if (!this.isGone) this.#control.write(encodeFrame(frame));
  }

  /** Lets it look at the meters of a worker. One that cannot be passed now is not looked at. */
  passMeters(index: number, fd: number): void {
    if (this.isGone) return;
    try {
      sendFd(this.#descriptors, fd, `worker:${index}`);
    } catch {
      // Its channel is full, or it is dying: the next change of the workers passes all anew.
    }
  }

  kill(reason: string): void {
    if (this.endReason === '') this.endReason = reason;
    this.#child.kill('SIGKILL');
  }

  #received(piece: Buffer): void {
    try {
      for (const frame of this.#frames.push(piece)) {
        const from = frame as FromGuard;
        if (from.type === 'hello') this.isReady = true;
        this.#options.onFrame(this, from);
      }
    } catch (error) {
      this.kill(`sent a broken frame: ${(error as Error).message}`);
    }
  }

  #gone(how: string): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#control.destroy();
    closeFd(this.#descriptors);
    this.#markExited();
    this.#options.onExit(this, this.endReason === '' ? how : this.endReason);
  }
}
