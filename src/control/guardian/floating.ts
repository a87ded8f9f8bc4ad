/** Floating addresses as the supervisor has them: guardians, and what it sees for them itself. */
import type { Plan } from '../../config/plan.ts';
import { mapOf, type HandoverSection } from '../handover/sections.ts';
import type { Segments } from '../segments.ts';
import type { GroupStanding } from '../../guard/guard-protocol.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import { Guardians, type GuardiansOptions, type MoveOutcome } from './guardians.ts';
import { Trackers } from './trackers.ts';

export type FloatingOptions = GuardiansOptions & {
  readonly segments: Segments;
  readonly health: () => readonly ServerHealthFrame[];
};

export class Floating {
  readonly #guardians: Guardians;
  readonly #trackers: Trackers;
  readonly #segments: Segments;
  #plan: Plan | null = null;

  constructor(options: FloatingOptions) {
    this.#segments = options.segments;
    this.#guardians = new Guardians(options);
    this.#trackers = new Trackers({
      frames: options.health,
      tell: (tracks) => this.#guardians.setTracks(tracks),
    });
  }

  /** Puts the addresses of a plan in force. Throws BallastError. */
  async use(plan: Plan): Promise<void> {
    this.#plan = plan;
    this.#trackers.use(plan);
    await this.#guardians.use(plan);
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

  /** Ends, and leaves the addresses to a process that follows. */
  async leave(): Promise<void> {
    this.#trackers.stop();
    await this.#guardians.leave();
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
