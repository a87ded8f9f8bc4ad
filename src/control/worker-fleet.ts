/**
 * The workers as a whole: a fixed number of places, each held by a process that serves, and one
 * spare process that has started and loaded everything but serves nothing yet. When a place falls
 * empty the spare takes it within milliseconds and a new spare is started.
 */
import { performance } from 'node:perf_hooks';
import { BallastError } from '../base/errors.ts';
import { HUNG_AFTER_MS, WORKER_METER } from '../base/meters.ts';
import { isForPlace } from '../plane/worker-protocol.ts';
import type {
  ChallengesFrame,
  Hold,
  PassiveFrame,
  ServerHealthFrame,
  TicketKeysFrame,
} from '../plane/worker-protocol.ts';
import type { StoreRef } from './certificates/sealed-store.ts';
import { HeartbeatWatch, LOOK_EVERY_MS } from './heartbeat.ts';
import type { ProductLog } from './product-log.ts';
import { Respawn } from './respawn.ts';
import type { Segment, Segments, SlotUse } from './segments.ts';
import {
  WorkerProcess,
  type ApplyOutcome,
  type Ending,
  type Target,
  type WorkerEvent,
} from './worker-process.ts';
import { workersTold } from './workers-told.ts';

/** A process has this long from its start to its hello, in ms. */
export const START_LIMIT_MS = 10_000;
/** A worker has this long to put a plan in force; past it, it is killed and replaced, in ms. */
export const APPLY_LIMIT_MS = 5_000;
/** Added to the drain time before workers that still have not finished are stopped, in ms. */
export const DRAIN_GRACE_MS = 500;
/** A worker has this long to exit after "stop", in ms. */
export const STOP_LIMIT_MS = 1_000;
/** Processes that may die before the first plan is in force until starting is given up. */
export const START_DEATHS_MAX = 5;
/** A process that could not be started, for want of descriptors perhaps, is tried again, in ms. */
export const SPAWN_RETRY_MS = 500;

export type FleetOptions = {
  readonly entry: string;
  readonly segments: Segments;
  readonly log: ProductLog;
  /** All slots that a worker may have written. */
  readonly slotUses: () => Iterable<SlotUse>;
  readonly onLogStream: (fd: number) => void;
  /** What a worker saw of a server in passing. */
  readonly onPassive: (told: PassiveFrame) => void;
  /** A worker serves, or one that served or stood by is gone; `why` says how, "" if it serves. */
  readonly onWorker: (index: number, isThere: boolean, why: string) => void;
};

/** What came of a plan: how many took it, and who refused it with which words. */
export type FleetOutcome = { readonly applied: number; readonly refusals: readonly string[] };

type Starting = {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  deaths: number;
};

type Place = { worker: WorkerProcess | null; readonly respawn: Respawn };

export class WorkerFleet {
  readonly #options: FleetOptions;
  readonly #log: ProductLog;
  #places: Place[] = [];
  /** Places that a plan has taken away; their workers serve until the plan is settled. */
  #leaving: Place[] = [];
  #spare: WorkerProcess | null = null;
  readonly #spareRespawn = new Respawn();
  /** Processes that are alive, whatever they do. */
  readonly #alive = new Set<WorkerProcess>();
  readonly #watches = new Map<WorkerProcess, HeartbeatWatch>();
  #target: Target | null = null;
  #health: () => readonly ServerHealthFrame[] = () => [];
  /** The last frame of each type that a worker must have before its first plan. */
  readonly #standing = new Map<string, ChallengesFrame | TicketKeysFrame>();
  /** What workers do not take from their sockets yet. */
  #hold: Hold = 'none';
  #isEnding = false;
  #looker: NodeJS.Timeout | null = null;
  #restarts = 0;
  /** Set until all workers serve for the first time. */
  #starting: Starting | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Deaths and replacements of serving workers since the start. */
  get restarts(): number {
    return this.#restarts;
  }

  /** All living processes, serving or not. */
  get workers(): readonly WorkerProcess[] {
    return [...this.#alive];
  }

  /** How long a worker's heartbeat has not moved, in ms. */
  silentMs(worker: WorkerProcess): number {
    return this.#watches.get(worker)?.silentMs ?? 0;
  }

  /**
   * Starts all workers; resolves when every one has the plan in force, whether or not it takes from
   * its sockets already. Throws BAL_WORKER_START.
   */
  async start(target: Target, hold: Hold = 'none'): Promise<void> {
    this.#target = target;
    this.#hold = hold;
    this.#looker = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#places = Array.from({ length: target.plan.workers }, newPlace);
    await new Promise<void>((resolve, reject) => {
      this.#starting = { resolve, reject, deaths: 0 };
      for (const place of this.#places) void this.#fill(place);
    });
    this.#ensureSpare();
  }

  /** Lets the workers take from their sockets what they have held back. */
  open(hold: Hold): void {
    this.#hold = hold;
    for (const { worker } of this.#places) worker?.open(hold);
  }

  /**
   * Puts a plan in force in every serving worker; one that does not answer in time is killed, and
   * its successor gets the plan too. Resolves when all have answered.
   */
  async apply(target: Target): Promise<FleetOutcome> {
    this.#target = target;
    this.#resize(target.plan.workers);
    const refusals: string[] = [];
    let applied = 0;
    const serving = this.#places.map((place) => place.worker).filter((worker) => worker !== null);
    await Promise.all(
      serving.map(async (worker) => {
        if (worker.state === 'starting') return;
        const outcome = await this.#applyTo(worker, target);
        if (outcome.kind === 'applied') applied += 1;
        if (outcome.kind === 'refused') refusals.push(outcome.message);
      }),
    );
    return { applied, refusals };
  }

  /** Retires the workers whose places the plan in force has not: to be called once it is final. */
  settle(): void {
    for (const { worker } of this.#leaving.splice(0)) {
      if (worker !== null) void this.#retire(worker, this.#target!.plan.drainMs);
    }
  }

  /** Tells all workers of servers whose state changed; without a plan they take no notice. */
  tellHealth(changed: readonly ServerHealthFrame[]): void {
    for (const { worker } of this.#places) {
      worker?.sendHealth(changed);
    }
  }

  /** Tells all workers something that holds until it is told anew; later workers, too. */
  tellStanding(frame: ChallengesFrame | TicketKeysFrame): void {
    this.#standing.set(frame.type, frame);
    for (const worker of this.#alive) worker.sendStanding(frame);
  }

  /** Gives all workers another store for the plan in force. Resolves when it is sent to all. */
  async changeStore(store: StoreRef): Promise<void> {
    this.#target = { ...this.#target!, store };
    const newest = () => this.#target!.store;
    await Promise.all(this.#places.map(async ({ worker }) => worker?.sendStore(newest)));
  }

  /** Where what a worker that takes a plan is told of the servers comes from. */
  setHealth(all: () => readonly ServerHealthFrame[]): void {
    this.#health = all;
  }

  /**
   * Resolves with true once all serving workers have taken what was sent to them before, with false
   * where one has not after `limitMs`.
   */
  told(limitMs: number): Promise<boolean> {
    const serving = this.#places.flatMap(({ worker }) => worker ?? []);
    return workersTold(serving, (worker) => this.#alive.has(worker), limitMs);
  }

  /** Lets all workers finish for up to `drainMs`, then ends them. */
  async drain(drainMs: number, how: Ending = 'drain'): Promise<void> {
    this.#isEnding = true;
    const ended = [...this.#alive].map((worker) => {
      if (worker.appliedVersion > 0) return this.#retire(worker, drainMs, how);
      worker.kill('not needed any more');
      return worker.exited;
    });
    await Promise.all(ended);
    if (this.#looker !== null) clearInterval(this.#looker);
  }

  /** Ends all processes at once, without waiting. */
  killAll(): void {
    this.#isEnding = true;
    if (this.#looker !== null) clearInterval(this.#looker);
    for (const worker of this.#alive) worker.kill('the supervisor ends');
  }

  #allServe(): boolean {
    const version = this.#target!.plan.version;
    return this.#places.every(({ worker }) => worker?.appliedVersion === version);
  }

  /** A new process; null where this one lacks what it takes, which is logged. */
  #spawn(): WorkerProcess | null {
    const worker = this.#tryToSpawn();
    if (worker === null) return null;
    this.#alive.add(worker);
    const limit = setTimeout(() => worker.kill('did not start in time'), START_LIMIT_MS);
    void worker.ready.then((isAlive) => {
      clearTimeout(limit);
      if (isAlive) this.#watches.set(worker, new HeartbeatWatch());
    });
    return worker;
  }

  #tryToSpawn(): WorkerProcess | null {
    const { entry, segments, onLogStream } = this.#options;
    let segment: Segment | null = null;
    try {
      segment = segments.acquire();
      return new WorkerProcess({
        entry,
        segment,
        sharedFd: segments.sharedFd,
        onLogStream,
        onExit: (gone, how) => this.#exited(gone, how),
        onEvent: (from, event) => this.#event(from, event),
        onPassive: this.#options.onPassive,
      });
    } catch (error) {
      if (segment !== null) segments.release(segment, []);
      const { message } = error as Error;
      this.#log.error(`cannot start a worker: ${message}: tried again in ${SPAWN_RETRY_MS} ms`);
      this.#giveUpStarting(message);
      return null;
    }
  }

  /** Brings a worker that said hello to the newest plan. */
  async #activate(worker: WorkerProcess): Promise<void> {
    while (this.#target !== null && worker.appliedVersion !== this.#target.plan.version) {
      const outcome = await this.#applyTo(worker, this.#target);
      if (outcome.kind === 'exited') return;
      if (outcome.kind === 'refused') {
        worker.kill(`refused the plan: ${outcome.message}`);
        return;
      }
    }
    this.#log.info({ worker: worker.index, pid: worker.pid }, 'worker serves');
    this.#options.onWorker(worker.index, true, '');
    if (this.#starting === null || !this.#allServe()) return;
    this.#starting.resolve();
    this.#starting = null;
  }

  async #applyTo(worker: WorkerProcess, target: Target): Promise<ApplyOutcome> {
    const late = () => worker.kill(`did not apply plan ${target.plan.version} in time`);
    const limit = setTimeout(late, APPLY_LIMIT_MS);
    const place = this.#places.findIndex((candidate) => candidate.worker === worker);
    for (const frame of this.#standing.values()) worker.sendStanding(frame);
    const outcome = await worker.apply(forPlace(target, place), {
      health: this.#health,
      store: () => this.#target!.store,
      hold: () => this.#hold,
    });
    clearTimeout(limit);
    return outcome;
  }

  #ensureSpare(): void {
    if (this.#isEnding || this.#spare !== null) return;
    this.#spare = this.#spawn();
    if (this.#spare === null) setTimeout(() => this.#ensureSpare(), SPAWN_RETRY_MS);
  }

  #resize(count: number): void {
    while (this.#places.length < count) {
      const place = this.#leaving.shift() ?? newPlace();
      this.#places.push(place);
      if (place.worker !== null && this.#alive.has(place.worker)) continue;
      void this.#fill(place);
    }
    this.#leaving.unshift(...this.#places.splice(count));
  }

  /** Gives an empty place a worker: the spare, which has started already, else a new process. */
  async #fill(place: Place): Promise<void> {
    if (this.#isEnding || !this.#places.includes(place)) return;
    const worker = this.#spare ?? this.#spawn();
    this.#spare = null;
    if (worker === null) {
      setTimeout(() => void this.#fill(place), SPAWN_RETRY_MS);
      return;
    }
    place.worker = worker;
    if (!(await worker.ready)) return;
    await this.#activate(worker);
    if (this.#starting === null) this.#ensureSpare();
  }

  async #retire(worker: WorkerProcess, drainMs: number, how: Ending = 'drain'): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs + DRAIN_GRACE_MS);
    });
    await Promise.race([worker.drain(drainMs, how), late]);
    clearTimeout(timer);
    await worker.stop(STOP_LIMIT_MS);
  }

  #look(): void {
    const now = performance.now();
    for (const [worker, watch] of this.#watches) {
      const silentMs = watch.look(worker.segment.values[WORKER_METER.heartbeat]!, now);
      // Compiling a large plan takes its time and has a limit of its own.
      if (worker.state === 'applying') watch.forgive(now);
      if (silentMs < HUNG_AFTER_MS || worker.state === 'applying') continue;
      worker.kill(`hung: no heartbeat for ${Math.round(silentMs)} ms`);
      this.#vacate(worker, worker.endReason);
    }
  }

  #exited(worker: WorkerProcess, how: string): void {
    this.#alive.delete(worker);
    this.#watches.delete(worker);
    this.#options.segments.release(worker.segment, this.#options.slotUses());
    if (this.#isEnding) return;
    const isServing =
      worker === this.#spare || this.#places.some((place) => place.worker === worker);
    if (isServing || worker.endReason !== '') {
      this.#log.warn({ worker: worker.index, pid: worker.pid, why: how }, 'worker is gone');
      this.#options.onWorker(worker.index, false, how);
    }
    this.#vacate(worker, how);
  }

  /** Finds out which place a dead or hung worker held, and has it filled. */
  #vacate(worker: WorkerProcess, how: string): void {
    this.#watches.delete(worker);
    if (worker === this.#spare) {
      this.#spare = null;
      const waitMs = this.#spareRespawn.died(worker.livedMs);
      setTimeout(() => this.#ensureSpare(), waitMs);
      return;
    }
    const place = this.#places.find((candidate) => candidate.worker === worker);
    if (place === undefined || this.#isEnding) return;
    place.worker = null;
    this.#restarts += 1;
    this.#giveUpStarting(how);
    const waitMs = place.respawn.died(worker.servedMs);
    if (waitMs === 0) void this.#fill(place);
    else setTimeout(() => void this.#fill(place), waitMs);
  }

  #giveUpStarting(how: string): void {
    if (this.#starting === null) return;
    this.#starting.deaths += 1;
    const isRefusal = how.startsWith('refused');
    if (this.#starting.deaths < START_DEATHS_MAX && !isRefusal) return;
    this.#starting.reject(
      new BallastError('BAL_WORKER_START', `cannot start the workers: one ${how}`, {
        hint: 'what the workers wrote to standard error stands above',
      }),
    );
    this.#starting = null;
  }

  #event(worker: WorkerProcess, event: WorkerEvent): void {
    const { level, code, message } = event;
    this.#log[level]({ worker: worker.index, code }, message);
  }
}

function newPlace(): Place {
  return { worker: null, respawn: new Respawn() };
}

/** What the worker in a place is told: of sockets for datagrams it gets its own alone. */
function forPlace({ sockets, ...rest }: Target, place: number): Target {
  return { ...rest, sockets: new Map([...sockets].filter(([key]) => isForPlace(key, place))) };
}
