/**
 * One worker process as its supervisor sees it: started, spoken to, ended.
 *
 *   starting ──hello──▶ standby ──plan sent──▶ applying ──applied──▶ serving ──drain──▶ draining
 *       └────────────────────┴──────────────────────┴───────────────────┴──── exit ──▶ gone
 *
 * The process has a group of its own, so that a Ctrl-C in a terminal reaches the supervisor alone.
 * It inherits no listening socket: those are passed on a channel, so that they can change.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { planForWorkers } from '../config/plan-for-workers.ts';
import type { Plan } from '../config/plan.ts';
import { FRAME_BYTES_MAX, storeKey } from '../plane/worker-protocol.ts';
import type {
  ChallengesFrame,
  FromWorker,
  Hold,
  PassiveFrame,
  ServerHealthFrame,
  TicketKeysFrame,
  ToWorker,
} from '../plane/worker-protocol.ts';
import { sendFd } from '../sys/fd-passing.ts';
import { closeFd, socketPair } from '../sys/sockets.ts';
import type { StoreRef } from './certificates/sealed-store.ts';
import { childEnvironment } from './child-environment.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import type { Segment } from './segments.ts';

export type WorkerState = 'starting' | 'standby' | 'applying' | 'serving' | 'draining' | 'gone';

/** Whether others serve on the same sockets (`leave`): who rests may rest then. */
export type Ending = 'drain' | 'leave';

/** What came of a plan that was sent to a worker. */
export type ApplyOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'exited' };

/** A plan, the sockets that it listens on, by bind key, and the store of its certificates. */
export type Target = {
  readonly plan: Plan;
  readonly sockets: ReadonlyMap<string, number>;
  readonly store: StoreRef;
};

export type WorkerEvent = Extract<FromWorker, { type: 'event' }>;

export type WorkerProcessOptions = {
  /** Path of the program that the pinned Node runs. */
  readonly entry: string;
  readonly segment: Segment;
  readonly sharedFd: number;
  readonly onExit: (worker: WorkerProcess, how: string) => void;
  readonly onEvent: (worker: WorkerProcess, event: WorkerEvent) => void;
  /** Passive health of a server has changed. */
  readonly onPassive: (told: PassiveFrame) => void;
  /** Takes over the descriptor of the stream of access log lines. */
  readonly onLogStream: (fd: number) => void;
};

/**
 * The young generation has a fixed 4 MiB: little enough to stay in the caches, and it does not grow
 * with the number of connections.
 */
const NODE_FLAGS = [
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  '--disable-warning=ExperimentalWarning',
  '--disable-sigusr1',
];

/** Wait between two tries to pass a descriptor while the channel is full, in ms. */
const PASS_RETRY_MS = 2;

export class WorkerProcess {
  readonly segment: Segment;
  readonly pid: number;
  /** For people, in ms since the epoch. How long it has lived is told by `livedMs`. */
  readonly startedAt = Date.now();
  readonly #bornMs = performance.now();
  /** Resolves to true once the worker said hello, to false when it died before. */
  readonly ready: Promise<boolean>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  state: WorkerState = 'starting';
  /** Version of the plan that the worker last confirmed; 0 is none. */
  appliedVersion = 0;
  /** When it began to serve, by a clock that nobody sets; null while it does not. */
  #servedFromMs: number | null = null;
  /** Why it is to end: "" while it is not. */
  endReason = '';

  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #descriptors: number;
  readonly #frames = new FrameReader(FRAME_BYTES_MAX);
  readonly #pending = new Map<number, (outcome: ApplyOutcome) => void>();
  readonly #sent = new Set<string>();
  /** Whether a plan was sent. */
  #hasPlan = false;
  #markReady: (isAlive: boolean) => void = () => {};
  #markDrained: () => void = () => {};
  readonly #drained: Promise<void>;
  #markExited: () => void = () => {};

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.segment = options.segment;
    this.ready = new Promise((resolve) => (this.#markReady = resolve));
    this.#drained = new Promise((resolve) => (this.#markDrained = resolve));
    this.exited = new Promise((resolve) => (this.#markExited = resolve));
    const [control, descriptors, log] = channels();
    this.#child = startProcess(options, [control[1], descriptors[1], log[1]]);
    for (const fd of [control[1], descriptors[1], log[1]]) closeFd(fd);
    this.#descriptors = descriptors[0];
    this.#control = new Socket({ fd: control[0], readable: true, writable: true });
    this.#control.on('data', (piece: Buffer) => this.#received(piece));
    this.#control.on('error', () => {});
    options.onLogStream(log[0]);
    this.pid = this.#child.pid ?? 0;
    this.#child.once('error', (error) => this.#gone(`could not be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => {
      this.#gone(signal === null ? `exited with code ${code}` : `was ended by ${signal}`);
    });
  }

  /** For how long there has been such a process, in ms. */
  get livedMs(): number {
    return performance.now() - this.#bornMs;
  }

  /** For how long it has served, in ms; 0 where it has not yet. */
  get servedMs(): number {
    return this.#servedFromMs === null ? 0 : performance.now() - this.#servedFromMs;
  }

  get index(): number {
    return this.segment.index;
  }

  /** The state as people see it: a worker that takes a new plan serves under the one before. */
  get shownState(): Exclude<WorkerState, 'applying'> {
    if (this.state !== 'applying') return this.state;
    return this.appliedVersion > 0 ? 'serving' : 'starting';
  }

  /**
   * Sends a plan, the sockets it needs first, and with it the store and what is known of the servers
   * by then. Resolves with the worker's answer, or when it has died.
   */
  async apply(
    { plan, sockets }: Target,
    newest: {
      readonly health: () => readonly ServerHealthFrame[];
      readonly store: () => StoreRef;
      readonly hold: () => Hold;
    },
  ): Promise<ApplyOutcome> {
    if (this.state === 'gone') return { kind: 'exited' };
    this.state = 'applying';
    await this.#passSockets(sockets);
    const answer = new Promise<ApplyOutcome>((resolve) => {
      this.#pending.get(plan.version)?.({ kind: 'exited' });
      this.#pending.set(plan.version, resolve);
    });
    await this.#passStore(newest.store, (store) => {
      this.#hasPlan = true;
      const [servers, hold] = [newest.health(), newest.hold()];
      this.#send({ type: 'plan', plan: planForWorkers(plan), servers, store, hold });
    });
    if (this.#isGone()) return { kind: 'exited' };
    return answer;
  }

  /** Sends the newest store, for the plan that the worker has. */
  async sendStore(newest: () => StoreRef): Promise<void> {
    // One that has no plan yet gets the store with it.
    if (!this.#hasPlan) return;
    await this.#passStore(newest, (store) => this.#send({ type: 'store', store }));
  }

  sendHealth(servers: readonly ServerHealthFrame[]): void {
    this.#send({ type: 'health', servers });
  }

  /** Challenges that are to be answered, or keys of tickets, from now on. */
  sendStanding(frame: ChallengesFrame | TicketKeysFrame): void {
    this.#send(frame);
  }

  /** Lets it take from its sockets what it has held back; without a plan it takes no notice. */
  open(hold: Hold): void {
    this.#send({ type: 'open', hold });
  }

  /** Asks to finish what is under way; resolves when the worker has, or is gone. */
  async drain(deadlineMs: number, how: Ending = 'drain'): Promise<void> {
    if (this.state === 'gone') return;
    this.state = 'draining';
    this.#send({ type: how, deadlineMs });
    await Promise.race([this.#drained, this.exited]);
  }

  /** Asks to exit at once, and insists after `limitMs`. Resolves when the process is gone. */
  async stop(limitMs: number): Promise<void> {
    this.#send({ type: 'stop' });
    const timer = setTimeout(() => this.kill('did not stop in time'), limitMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  kill(reason: string): void {
    if (this.endReason === '') this.endReason = reason;
    this.#child.kill('SIGKILL');
  }

  async #passSockets(sockets: ReadonlyMap<string, number>): Promise<void> {
    for (const key of this.#sent) if (!sockets.has(key)) this.#sent.delete(key);
    for (const [key, fd] of sockets) {
      while (!this.#sent.has(key) && !this.#isGone()) {
        if (tryToPass(this.#descriptors, fd, key)) this.#sent.add(key);
        else await new Promise((resolve) => setTimeout(resolve, PASS_RETRY_MS));
      }
    }
  }

  /**
   * Passes the store that is newest when there is room for it, and at once calls `send` with its
   * number: frames of an older store never follow those of a newer one.
   */
  async #passStore(newest: () => StoreRef, send: (store: number) => void): Promise<void> {
    while (!this.#isGone()) {
      const { number, fd } = newest();
      if (number === 0 || tryToPass(this.#descriptors, fd, storeKey(number))) {
        send(number);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PASS_RETRY_MS));
    }
  }

  // A method, so that the type checker does not think the state unchanged over an await.
  #isGone(): boolean {
    return this.state === 'gone';
  }

  #send(message: ToWorker): void {
    if (this.state !== 'gone') this.#control.write(encodeFrame(message));
  }

  #received(piece: Buffer): void {
    try {
      for (const message of this.#frames.push(piece)) this.#handle(message as FromWorker);
    } catch (error) {
      this.kill(`sent a broken frame: ${(error as Error).message}`);
    }
  }

  #handle(message: FromWorker): void {
    switch (message.type) {
      case 'hello':
        if (this.state === 'starting') this.state = 'standby';
        this.#markReady(true);
        break;
      case 'applied':
        this.appliedVersion = message.version;
        if (this.state === 'applying') this.state = 'serving';
        this.#servedFromMs ??= performance.now();
        this.#answer(message.version, { kind: 'applied' });
        break;
      case 'refused':
        if (this.state === 'applying') this.state = this.appliedVersion > 0 ? 'serving' : 'standby';
        this.#answer(message.version, { kind: 'refused', message: message.message });
        break;
      case 'drained':
        this.#markDrained();
        break;
      case 'event':
        this.#options.onEvent(this, message);
        break;
      case 'passive':
        this.#options.onPassive(message);
        break;
    }
  }

  #answer(version: number, outcome: ApplyOutcome): void {
    this.#pending.get(version)?.(outcome);
    this.#pending.delete(version);
  }

  #gone(how: string): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    this.#control.destroy();
    closeFd(this.#descriptors);
    for (const resolve of this.#pending.values()) resolve({ kind: 'exited' });
    this.#pending.clear();
    this.#markReady(false);
    this.#markExited();
    this.#options.onExit(this, this.endReason === '' ? how : this.endReason);
  }
}

type Pair = readonly [number, number];

/** Control, descriptors and log; our end of each first. Throws BAL_SYS_SOCKET, and keeps none. */
function channels(): [Pair, Pair, Pair] {
  const made: Pair[] = [];
  try {
    for (const kind of ['stream', 'seqpacket', 'stream'] as const) made.push(socketPair(kind));
    return made as [Pair, Pair, Pair];
  } catch (error) {
    for (const fd of made.flat()) closeFd(fd);
    throw error;
  }
}

/** Further flags of the workers' Node, for those who measure: `--cpu-prof`, for instance. */
function extraFlags(): string[] {
  return (process.env['BALLAST_WORKER_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
}

function startProcess(options: WorkerProcessOptions, own: readonly number[]): ChildProcess {
  const { entry, segment, sharedFd } = options;
  return spawn(process.execPath, [...NODE_FLAGS, ...extraFlags(), entry, String(segment.index)], {
    stdio: ['ignore', 2, 2, ...own, segment.fd, sharedFd],
    detached: true,
    // What injects faults for tests.
    env: childEnvironment(['BALLAST_TEST_FAULT']),
  });
}

function tryToPass(channel: number, fd: number, key: string): boolean {
  try {
    sendFd(channel, fd, key);
    return true;
  } catch {
    // The channel is full until the worker has read from it, or the worker is dying.
    return false;
  }
}
