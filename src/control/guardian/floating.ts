/**
 * What the supervisor has in the kernel: floating addresses, by guardians and by what it sees for
 * them itself, and the rules of listeners that the kernel carries.
 */
import type { Plan } from '../../config/plan.ts';
import { mapOf, type HandoverSection } from '../handover/sections.ts';
import type { Segments } from '../segments.ts';
import type { GroupStanding } from '../../guard/guard-protocol.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import { KernelTables } from '../kernel/kernel-tables.ts';
import type { ProductLog } from '../product-log.ts';
import { Guardians, type GuardiansOptions, type MoveOutcome } from './guardians.ts';
import { Steerings } from './steerings.ts';
import { Trackers } from './trackers.ts';

export type FloatingOptions = Omit<GuardiansOptions, 'steer'> & {
  readonly segments: Segments;
  readonly health: () => readonly ServerHealthFrame[];
};

export class Floating {
  readonly #guardians: Guardians;
  readonly #trackers: Trackers;
  readonly #steerings: Steerings;
  readonly #segments: Segments;
  readonly kernel: KernelTables;
  readonly #log: ProductLog;
  #plan: Plan | null = null;

  constructor(options: FloatingOptions) {
    this.#segments = options.segments;
    this.#log = options.log;
    this.kernel = new KernelTables(options);
    this.#steerings = new Steerings(options.log);
    this.#guardians = new Guardians({
      ...options,
      steer: (wanted) => this.#steerings.set(wanted),
    });
    this.#trackers = new Trackers({
      frames: options.health,
      tell: (tracks) => this.#guardians.setTracks(tracks),
    });
  }

  /** Puts the addresses of a plan in force. Throws BallastError. */
  async use(plan: Plan): Promise<void> {
    const before = this.#plan;
    // The rules first: who has an address serves it.
    await this.kernel.use(plan);
    try {
      await this.#steerings.use(plan);
      this.#trackers.use(plan);
      await this.#guardians.use(plan);
      this.#plan = plan;
    } catch (error) {
      if (before !== null) await this.kernel.use(before);
      else await this.kernel.end();
      throw error;
    }
  }

  /** Servers have changed. */
  healthChanged(): void {
    this.kernel.healthChanged();
  }

  /** A worker serves, or is gone. */
  setWorker(index: number, isThere: boolean): void {
    this.#guardians.setWorker(index, isThere ? (this.#segments.all[index]?.fd ?? null) : null);
  }

  /** Gives all addresses to other nodes. */
  async stop(): Promise<void> {
    this.#trackers.stop();
    await this.#guardians.stop();
  }

  /** What the kernel carries to addresses of this node alone goes on for up to `limitMs`. */
  drain(limitMs: number): Promise<void> {
    return this.kernel.drain(limitMs).catch((error: unknown) => {
      this.#log.error(`the kernel's listeners are not drained: ${(error as Error).message}`);
    });
  }

  /** Ends, and leaves the addresses to a process that follows. */
  async leave(): Promise<void> {
    this.#trackers.stop();
    this.kernel.leave();
    await this.#guardians.leave();
  }

  /** Ends: other nodes have the addresses, or nobody. */
  async end(): Promise<void> {
    await this.kernel.end();
    await this.leave();
    await this.#steerings.end();
    this.#log.debug('floating addresses have ended');
  }

  killAll(): void {
    this.#trackers.stop();
    this.#guardians.killAll();
  }

  /** What the guardian sees, by group. */
  get standing(): readonly GroupStanding[] {
    return this.#guardians.standing;
  }

  get guardian(): {
    readonly pid: number | null;
    readonly silentMs: number;
    readonly restarts: number;
  } {
    const { pid, silentMs, restarts } = this.#guardians;
    return { pid, silentMs: silentMs ?? 0, restarts };
  }

  /** The addresses of a group, as texts with their prefix. */
  addressesOf(group: string): string[] {
    const entries = this.#plan?.addresses.filter((one) => one.group === group) ?? [];
    return entries.flatMap(({ ips }) => ips.map(({ host, prefix }) => `${host}/${prefix}`));
  }

  /** The group that an entry or a group of that name is; null where there is neither. */
  groupNamed(name: string): string | null {
    const entries = this.#plan?.addresses ?? [];
    return entries.find(({ key, group }) => key === name || group === name)?.group ?? null;
  }

  move(group: string): Promise<MoveOutcome> {
    return this.#guardians.move(group);
  }

  /** What a process that takes over must know. */
  section(): HandoverSection {
    return {
      name: 'addresses',
      save: () => ({ active: this.#guardians.activeGroups() }),
      restore: (value) => {
        const { active } = mapOf(value);
        if (!Array.isArray(active)) throw new Error('it has no list of groups');
        this.#guardians.inherit(active.filter((one) => typeof one === 'string'));
      },
    };
  }
}
