/**
 * Where this process stands in the row of those that hand over to one another: what it took over,
 * to whom it hands over, and who stands in for it.
 */
import { BallastError } from '../../base/errors.ts';
import type { Plan } from '../../config/plan.ts';
import type { AdminServer } from '../admin-server.ts';
import type { Listeners } from '../listeners.ts';
import { Orphans } from '../orphans.ts';
import type { FirstTakeOver } from '../plan-in-force.ts';
import type { ProductLog } from '../product-log.ts';
import type { WorkerFleet } from '../worker-fleet.ts';
import type { Heir } from './heir.ts';
import { adminKey, inherit } from './inherit.ts';
import { STAND_IN_KEY } from './messages.ts';
import { foreignSection, portsSection } from './ports-section.ts';
import { saveSections, type HandoverSection } from './sections.ts';
import { StandIn, StoodFor } from './stand-in.ts';
import type { Program } from './successor.ts';
import { Upgrader, type HandedOver } from './upgrader.ts';

/** How long, and how often, workers of a successor that died are looked for, in ms. */
const UNDO_MS = 2_000;
const UNDO_EVERY_MS = 100;

/** What an upgrade starts. */
export type UpgradeProgram = Program & {
  /** Whether the process that was started first stays, for somebody who waits for it. */
  readonly staysAsStandIn: boolean;
};

/** Somebody else is the main process now. */
export type Passed = {
  readonly pid: number;
  /** Set where this process stays as a stand-in. */
  readonly standIn: StandIn | null;
  /** Resolves when our workers have finished. */
  readonly left: Promise<void>;
};

/** What the program itself knows; a supervisor without them cannot be upgraded. */
export type HandoverSettings = {
  readonly program?: UpgradeProgram;
  /** Called once a successor is in charge: our workers finish. */
  readonly onPassed?: (passed: Passed) => void;
  /** Called when the process that stands in for this one is gone. */
  readonly onStandInLost?: () => void;
};

export type SuccessionOptions = HandoverSettings & {
  readonly log: ProductLog;
  readonly version: string;
  readonly listeners: Listeners;
  readonly fleet: WorkerFleet;
  /** What is handed over beside the ports, in any order. */
  readonly sections: readonly HandoverSection[];
  readonly state: () => 'starting' | 'serving' | 'draining';
  readonly plan: () => Plan;
  /** All listening sockets by name. */
  readonly sockets: () => ReadonlyMap<string, number>;
  readonly admin: () => AdminServer | null;
  readonly exclusive: <T>(job: () => Promise<T>) => Promise<T>;
  /** Another process is in charge: this one drains, and writes no state any more. */
  readonly stop: () => void;
  /** Ends everything, once the workers have. */
  readonly close: () => Promise<void>;
};

/** Workers that hang are not waited for for longer, in ms. */
const TOLD_LIMIT_MS = 2_000;

export class Succession {
  /** 1 where nothing was taken over, else one more than the process before. */
  generation = 1;
  readonly upgrader: Upgrader;
  readonly #options: SuccessionOptions;
  readonly #sections: readonly HandoverSection[];
  #standIn: StandIn | null = null;
  #stoodFor: StoodFor | null = null;

  constructor(options: SuccessionOptions) {
    const { log, version, program = null, listeners, exclusive } = options;
    this.#options = options;
    this.#sections = [portsSection(listeners), foreignSection(listeners), ...options.sections];
    this.upgrader = new Upgrader({
      log,
      version,
      program,
      exclusive,
      generation: () => this.generation,
      offer: () => this.#offer(),
      handOver: (to) => this.#handOver(to),
      undo: () => this.#undo(),
    });
  }

  /**
   * Takes over what there is, and says how the first plan comes to be served in the place of the
   * process before. Throws BAL_UPGRADE_BROKEN.
   */
  async inherit(heir: Heir, plan: Plan): Promise<FirstTakeOver> {
    const { listeners, log, onStandInLost = () => {} } = this.#options;
    const given = await inherit(heir, { plan, listeners, log, sections: this.#sections });
    const { generation, admin, standIn } = given;
    this.generation = generation;
    if (standIn !== undefined) this.#stoodFor = new StoodFor(standIn, onStandInLost);
    const begin = (first: Plan) => {
      for (const section of this.#sections) section.begin?.(first);
    };
    return { admin, begin, serve: () => this.#serve(heir, admin !== undefined) };
  }

  /** This process exits; who stands in for it exits with the same code. */
  ended(code: number): void {
    this.#stoodFor?.end(code);
  }

  /** Everything is ready: serves as the process before lets go, and is the main process then. */
  async #serve(heir: Heir, takesAdmin: boolean): Promise<void> {
    const { version, sockets, plan, fleet } = this.#options;
    const taken = [...sockets().keys()];
    if (takesAdmin) taken.push(adminKey(plan().admin!));
    await heir.takeOver({
      version,
      taken,
      open: async (hold) => {
        fleet.open(hold);
        await fleet.told(TOLD_LIMIT_MS);
      },
    });
    this.#stoodFor?.begin();
  }

  #offer(): { sockets: ReadonlyMap<string, number>; sections: Record<string, unknown> } {
    const { state, program, admin, plan } = this.#options;
    const now = state();
    if (now !== 'serving') throw notNow(now);
    const sockets = new Map(this.#options.sockets());
    if (admin() !== null) sockets.set(adminKey(plan().admin!), admin()!.fd);
    this.#standIn?.dismiss();
    const isFirst = this.#stoodFor === null && program!.staysAsStandIn;
    this.#standIn = isFirst ? new StandIn() : null;
    const line = this.#stoodFor ?? this.#standIn;
    if (line !== null) sockets.set(STAND_IN_KEY, line.fd);
    return { sockets, sections: saveSections(this.#sections) };
  }

  async #handOver({ successor: { pid }, taken }: HandedOver): Promise<void> {
    const { close, onPassed } = this.#options;
    const { drained } = await this.#leave(new Set(taken));
    this.#stoodFor?.leave();
    this.#stoodFor = null;
    this.#standIn?.stay(pid);
    onPassed?.({ pid, standIn: this.#standIn, left: drained.then(close) });
  }

  /**
   * Our workers leave these sockets to others, and end when their clients have; resolves when they
   * take nothing from them any more.
   */
  async #leave(taken: ReadonlySet<string>): Promise<{ readonly drained: Promise<void> }> {
    const { stop, fleet, listeners, plan } = this.#options;
    stop();
    const drained = fleet.drain(plan().drainMs, 'leave');
    await fleet.told(TOLD_LIMIT_MS);
    listeners.letGo(taken);
    const admin = this.#options.admin();
    const isServed = admin !== null && taken.has(adminKey(plan().admin!));
    // The answer to who asked for the upgrade is still to be sent.
    const released = isServed ? admin.release() : admin?.close();
    return { drained: Promise.all([drained, released]).then(() => {}) };
  }

  /** Workers that had begun to serve when their supervisor died finish what they have. */
  async #undo(): Promise<void> {
    const { sockets, plan, log } = this.#options;
    const wanted = [...sockets().keys()];
    const untilMs = performance.now() + UNDO_MS;
    while (performance.now() < untilMs) {
      const orphans = await Orphans.find(wanted);
      orphans.closeSockets();
      orphans.drain(plan().drainMs, log);
      await new Promise((resolve) => setTimeout(resolve, UNDO_EVERY_MS));
    }
  }
}

function notNow(state: 'starting' | 'draining'): BallastError {
  if (state === 'draining') {
    return new BallastError('BAL_UPGRADE_DRAINING', 'the balancer is draining', {
      hint: 'start it anew instead, or ask the process that has taken over',
    });
  }
  return new BallastError('BAL_UPGRADE_STARTING', 'the balancer has not started yet', {
    hint: 'wait for the line "ready"',
  });
}
