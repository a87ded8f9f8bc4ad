/**
 * The plan that the workers have, and how another takes its place: as a whole, or not at all.
 *
 *   open what is new ─▶ all workers apply ─▶ close what is old
 *          │                   │ one refuses, or the balancer ends
 *          └───────────────────┴─▶ the plan before stays in force
 */
import { BallastError } from '../base/errors.ts';
import type { Plan } from '../config/plan.ts';
import { setCoreDumps } from '../sys/core-dumps.ts';
import type { AdminServer } from './admin-server.ts';
import type { AdminSlot } from './admin-slot.ts';
import type { StoreChange } from './certificates/certificates.ts';
import type { StoreRef } from './certificates/sealed-store.ts';
import type { Floating } from './guardian/floating.ts';
import type { HealthBoard } from './health-board.ts';
import type { ListenerChange, Listeners } from './listeners.ts';
import type { LogSink } from './log-sink.ts';
import type { ProductLog } from './product-log.ts';
import type { SlotTable } from './slots.ts';
import type { WorkerFleet } from './worker-fleet.ts';
import type { Target } from './worker-process.ts';

export type PlanParts = {
  readonly log: ProductLog;
  readonly listeners: Listeners;
  readonly slots: SlotTable;
  readonly sink: LogSink;
  readonly health: HealthBoard;
  readonly fleet: WorkerFleet;
  readonly admin: AdminSlot;
  readonly floating: Floating;
  /** The store in force. */
  readonly store: () => StoreRef;
};

/** How the first plan comes to be served where another process serves still. */
export type FirstTakeOver = {
  /** The socket of its admin server, where the address is the same. */
  readonly admin: number | undefined;
  /** Called when the plan has its slots, before the workers start. */
  readonly begin: (plan: Plan) => void;
  /** Resolves when the workers serve in its place. */
  readonly serve: () => Promise<void>;
};

export class PlanInForce {
  readonly #parts: PlanParts;
  #plan: Plan | null = null;
  #version = 0;
  #sockets: ReadonlyMap<string, number> = new Map();
  #isEnding = false;

  constructor(parts: PlanParts) {
    this.#parts = parts;
  }

  /** With slots, and with the servers of names; null before the first. */
  get plan(): Plan | null {
    return this.#plan;
  }

  /** Its version; during a change that of the plan to come. */
  get version(): number {
    return this.#version;
  }

  /** The listening sockets of the plan by bind key. */
  get sockets(): ReadonlyMap<string, number> {
    return this.#sockets;
  }

  /**
   * Starts the workers with the first plan; resolves with it when every one serves. Where another
   * process is taken over from, they hold back until `takeOver` says so.
   */
  async begin(
    change: ListenerChange,
    material: StoreChange,
    takeOver: FirstTakeOver | null = null,
  ): Promise<Plan> {
    const { sink, slots, admin, health, fleet } = this.#parts;
    const { plan, sockets } = change;
    change.commit();
    this.#sockets = sockets;
    sink.use(plan.log.access, sink.open(plan.log.access));
    const numbered = slots.assign(plan, 1);
    setCoreDumps(plan.coreDumps);
    this.#plan = numbered;
    this.#version = 1;
    // One that is taken over answers for the other process until then.
    const given = takeOver?.admin;
    if (given === undefined) admin.use(await admin.open(plan));
    health.apply(numbered);
    fleet.setHealth(() => health.frames());
    takeOver?.begin(numbered);
    const target = { plan: numbered, sockets, store: material.store };
    await fleet.start(target, takeOver === null ? 'none' : 'all');
    await takeOver?.serve();
    if (given !== undefined) admin.use(await admin.open(plan, given));
    material.commit();
    slots.settle();
    // Last: this node stands for addresses once it serves.
    await this.#parts.floating.use(numbered);
    return numbered;
  }

  /**
   * Puts a plan with all its servers in force everywhere; returns its version. Without a change of
   * the store, the one in force serves it. Throws where that cannot be; nothing has changed then.
   */
  async change(plan: Plan, material: StoreChange | null = null): Promise<number> {
    const { listeners, slots, sink } = this.#parts;
    const before = this.#plan!;
    const change = await listeners.prepare(plan);
    let admin: AdminServer | null = null;
    let outlet: ReturnType<LogSink['open']> = null;
    try {
      this.#checkCanGoOn();
      const version = this.#version + 1;
      const numbered = slots.assign(change.plan, version);
      outlet = sink.open(plan.log.access);
      const isNewAdmin = JSON.stringify(plan.admin) !== JSON.stringify(before.admin);
      admin = isNewAdmin ? await this.#parts.admin.open(plan) : null;
      this.#checkCanGoOn();
      const store = material?.store ?? this.#parts.store();
      await this.#applyToWorkers({ plan: numbered, sockets: change.sockets, store }, before);
      this.#checkCanGoOn();
      await this.#applyToGuardian(numbered, before);
      material?.commit();
      this.#settle(numbered, change);
      sink.use(plan.log.access, outlet);
      if (isNewAdmin) this.#parts.admin.use(admin);
      return version;
    } catch (error) {
      change.rollback();
      sink.discard(outlet);
      await admin?.close();
      throw error;
    }
  }

  /** Nothing is changed any more; a change that is under way is taken back. */
  end(): void {
    this.#isEnding = true;
  }

  #checkCanGoOn(): void {
    if (this.#isEnding) throw drainingError();
  }

  async #applyToWorkers(target: Target, before: Plan): Promise<void> {
    const { health, fleet, store } = this.#parts;
    const { plan } = target;
    this.#version = plan.version;
    fleet.setHealth(() => health.framesFor(plan));
    const outcome = await fleet.apply(target);
    if (outcome.refusals.length === 0) return;
    this.#version = before.version;
    fleet.setHealth(() => health.frames());
    // Whoever drains takes no plan: that is no fault of this one.
    this.#checkCanGoOn();
    await fleet.apply({ plan: before, sockets: this.#sockets, store: store() });
    throw new BallastError('BAL_RELOAD_REFUSED', `a worker refused: ${outcome.refusals[0]}`);
  }

  /** Where the guardian refuses, the workers get the plan before back. */
  async #applyToGuardian(plan: Plan, before: Plan): Promise<void> {
    try {
      await this.#parts.floating.use(plan);
    } catch (error) {
      this.#version = before.version;
      const { fleet, health, store } = this.#parts;
      fleet.setHealth(() => health.frames());
      await fleet.apply({ plan: before, sockets: this.#sockets, store: store() });
      throw error;
    }
  }

  #settle(plan: Plan, change: ListenerChange): void {
    const { log, slots, fleet, health } = this.#parts;
    change.commit();
    this.#sockets = change.sockets;
    this.#plan = plan;
    slots.settle();
    log.level = plan.log.level;
    setCoreDumps(plan.coreDumps);
    // Only now, so that no socket waits for a worker that has left already.
    fleet.settle();
    health.apply(plan);
    fleet.setHealth(() => health.frames());
    fleet.tellHealth(health.frames());
  }
}

/** Why nothing is changed while the balancer drains. */
export function drainingError(): BallastError {
  return new BallastError('BAL_RELOAD_DRAINING', 'the balancer is draining');
}
