/** A program that was started to take over, as the running supervisor sees it: see messages.ts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { sendFd } from '../../sys/fd-passing.ts';
import { closeFd, socketPair } from '../../sys/sockets.ts';
import { FrameLink } from './frame-link.ts';
import { HANDOVER_BYTES_MAX, HANDOVER_FORMAT, HANDOVER_VARIABLE } from './messages.ts';
import type { FromHeir, SectionDocument, ToHeir } from './messages.ts';

/** A program, its arguments and its environment. */
export type Program = {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

/** What is handed over. */
export type Offer = {
  readonly version: string;
  readonly generation: number;
  readonly sockets: ReadonlyMap<string, number>;
  readonly sections: SectionDocument;
};

/** Wait between two tries to pass a descriptor while the channel is full, in ms. */
const PASS_RETRY_MS = 2;
/** An ended program is gone after this time at the latest, in ms. */
const KILL_LIMIT_MS = 5_000;

export class Successor {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #link: FrameLink<FromHeir, ToHeir>;
  readonly #descriptors: number;
  readonly #exited: Promise<string>;
  #isLeft = false;

  /** Starts it; it has a session of its own, so that no Ctrl-C and no hang-up reaches it twice. */
  constructor({ path, args, env }: Program) {
    const messages = socketPair('stream');
    const descriptors = socketPair('seqpacket');
    this.#child = spawn(path, args, {
      stdio: [0, 1, 2, messages[1], descriptors[1]],
      detached: true,
      env: { ...env, [HANDOVER_VARIABLE]: '1' },
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
      this.#child.once('exit', (code, signal) => {
        resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
      });
    });
    closeFd(messages[1]);
    closeFd(descriptors[1]);
    this.#descriptors = descriptors[0];
    this.#link = new FrameLink<FromHeir, ToHeir>(messages[0], HANDOVER_BYTES_MAX);
    this.pid = this.#child.pid ?? 0;
  }

  /** Resolves with how it ended, once it has. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** Sends everything; resolves when it is sent, or the other end is gone. */
  async offer({ version, generation, sockets, sections }: Offer): Promise<void> {
    const names = [...sockets.keys()];
    const format = HANDOVER_FORMAT;
    this.#link.send({ type: 'begin', format, version, generation, sockets: names, sections });
    let isGone = false;
    void this.#link.gone.then(() => (isGone = true));
    for (const [name, fd] of sockets) {
      while (!isGone && !tryToPass(this.#descriptors, fd, name)) await pause(PASS_RETRY_MS);
    }
  }

  say(message: ToHeir): void {
    this.#link.send(message);
  }

  /** What it says next; null once it is gone or says nothing that can be understood. */
  next(): Promise<FromHeir | null> {
    return this.#link.next();
  }

  /** It is on its own from now on. */
  leave(): void {
    this.#isLeft = true;
    this.#link.close();
    closeFd(this.#descriptors);
    this.#child.unref();
  }

  /** Lets it end by itself for so long, and ends it then with all of its session. */
  async end(graceMs: number): Promise<void> {
    if (this.#isLeft) return;
    this.leave();
    if (await this.#hasExited(graceMs)) return;
    if (this.pid !== 0) killGroup(this.pid);
    await this.#hasExited(KILL_LIMIT_MS);
  }

  #hasExited(limitMs: number): Promise<boolean> {
    const late = pause(limitMs, false, { ref: false });
    return Promise.race([this.#exited.then(() => true), late]);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function tryToPass(channel: number, fd: number, name: string): boolean {
  try {
    sendFd(channel, fd, name);
    return true;
  } catch {
    // The channel is full until the other process has read from it.
    return false;
  }
}
