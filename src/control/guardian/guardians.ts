/**
 * The guardian in charge, and a spare that has loaded everything: when the first dies or hangs, the
 * spare acts before another node could notice. None is started while no address is configured.
 */
import { BallastError } from '../../base/errors.ts';
import type { Plan } from '../../config/plan.ts';
import type { AddressPlan } from '../../config/plan-addresses.ts';
import { BOARD, BOARD_BYTES, BOARD_GROUP, BOARD_GROUP_AT } from '../../guard/guard-protocol.ts';
import { BOARD_GROUP_FIELDS, GROUPS_MAX } from '../../guard/guard-protocol.ts';
import type { FromGuard, GroupStanding, TrackVerdict } from '../../guard/guard-protocol.ts';
import type { Steering } from '../../kernel/steering.ts';
import { monotonicMs } from '../../sys/monotonic.ts';
import { createSharedMemory, mapShared } from '../../sys/shared-memory.ts';
import type { NewEvent } from '../event-book.ts';
import { HeartbeatWatch } from '../heartbeat.ts';
import type { ProductLog } from '../product-log.ts';
import { Respawn } from '../respawn.ts';
import { GuardianProcess } from './guardian-process.ts';
import { addressEvent } from './address-events.ts';
import { relieveOrphans } from './orphan-guardians.ts';

/** The heartbeat is looked at so often, and silent for so long it means that it hangs, in ms. */
const LOOK_EVERY_MS = 15;
const HUNG_AFTER_MS = 90;
/** One that has loaded everything begins to act within so long, in ms. */
const BEGIN_MS = 300;
/** A plan is in force within so long, in ms: a process that starts is waited for, too. */
const APPLY_LIMIT_MS = 10_000;
/** For giving addresses away at the end, and to exit after that, in ms. */
const STOP_MS = 1_500;
const EXIT_MS = 500;
/** An answer to a move comes within so long, in ms. */
const MOVE_MS = 6_000;

export type GuardiansOptions = {
  readonly log: ProductLog;
  readonly onEvent: (event: NewEvent) => void;
  /** Puts the rules of planned moves in force; resolves with whether they are. */
  readonly steer: (wanted: readonly Steering[]) => Promise<boolean>;
};

export type MoveOutcome = { readonly ok: boolean; readonly outcome: string };

type Meters = { readonly index: number; readonly fd: number };

export class Guardians {
  readonly #options: GuardiansOptions;
  readonly #respawn = new Respawn();
  readonly #watch = new HeartbeatWatch();
  readonly #moves = new Map<number, (outcome: MoveOutcome) => void>();
  readonly #workers = new Map<number, Meters>();
  #board: { readonly fd: number; readonly values: Float64Array } | null = null;
  #acting: GuardianProcess | null = null;
  #spare: GuardianProcess | null = null;
  #looker: NodeJS.Timeout | null = null;
  #addresses: readonly AddressPlan[] = [];
  #places: Record<string, number> = {};
  #drainMs = 0;
  /** Since when the one in charge was ready and has not begun. */
  #beginsMs: number | null = null;
  #version = 0;
  #request = 0;
  #waiting: ((refused: BallastError | null) => void) | null = null;
  #isEnding = false;
  #tracks: Readonly<Record<string, TrackVerdict>> = {};
  /** Groups that a process before this one was active for, by its last word. */
  #inherited: readonly string[] = [];
  standing: readonly GroupStanding[] = [];
  restarts = 0;

  constructor(options: GuardiansOptions) {
    this.#options = options;
  }

  /** For how long the guardian in charge has not turned, in ms; null where there is none. */
  get silentMs(): number | null {
    return this.#acting === null ? null : this.#watch.silentMs;
  }

  get pid(): number | null {
    return this.#acting?.pid ?? null;
  }

  /** Puts the addresses of a plan in force. Throws BallastError where the guardian refuses them. */
  async use({ addresses, drainMs }: Plan): Promise<void> {
    if (addresses.length === 0 && this.#acting === null) return;
    const isSame = JSON.stringify(addresses) === JSON.stringify(this.#addresses);
    // What files hold may have changed though nothing else has.
    const readsFiles = addresses.some(({ vrrp }) => vrrp.auth !== null);
    if (isSame && !readsFiles && drainMs === this.#drainMs) return;
    const before = this.#addresses;
    this.#addresses = addresses;
    this.#drainMs = drainMs;
    this.#assignPlaces();
    if (this.#acting === null) await this.#begin();
    try {
      await this.#apply();
    } catch (error) {
      this.#addresses = before;
      if (before.length === 0) this.killAll();
      else this.#acting?.send(this.#planFrame(true));
      throw error;
    }
    if (addresses.length === 0) await this.#endAll();
    else this.#ensureSpare();
  }

  /** The workers that serve; the guardian looks at their hearts itself. */
  setWorker(index: number, fd: number | null): void {
    if (fd === null) this.#workers.delete(index);
    else this.#workers.set(index, { index, fd });
    if (this.#acting !== null) this.#tellWorkers(this.#acting);
  }

  setTracks(tracks: Readonly<Record<string, TrackVerdict>>): void {
    this.#tracks = tracks;
    this.#acting?.send({ type: 'tracks', tracks });
  }

  /** Gives a group to another node; resolves with what came of it. */
  move(group: string): Promise<MoveOutcome> {
    const acting = this.#acting;
    if (acting === null) return Promise.resolve({ ok: false, outcome: 'no guardian runs' });
    const request = ++this.#request;
    return new Promise((resolve) => {
      const end = (outcome: MoveOutcome): void => {
        clearTimeout(timer);
        this.#moves.delete(request);
        resolve(outcome);
      };
      const timer = setTimeout(() => end({ ok: false, outcome: 'no answer came' }), MOVE_MS);
      this.#moves.set(request, end);
      acting.send({ type: 'move', group, request });
    });
  }

  /** Gives all addresses to other nodes, and ends the guardians. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#stopLooking();
    const acting = this.#acting;
    if (acting === null) return;
    this.#spare?.kill('not needed any more');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_MS + EXIT_MS);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
      acting.send({ type: 'stop', limitMs: STOP_MS });
    });
    this.#waiting = null;
  }

  /** Ends the guardians and leaves the addresses where they are, for a process that follows. */
  async leave(): Promise<void> {
    this.#isEnding = true;
    this.#stopLooking();
    await this.#endAll();
  }

  /** Ends all at once. Addresses stay until their lease runs out. */
  killAll(): void {
    this.#stopLooking();
    for (const one of [this.#acting, this.#spare]) one?.kill('the supervisor ends');
    this.#acting = this.#spare = null;
  }

  /** Names of the groups that are active here. */
  activeGroups(): string[] {
    return this.standing.filter(({ state }) => state === 'active').map(({ group }) => group);
  }

  /** Before the first plan: what the process before was active for. */
  inherit(groups: readonly string[]): void {
    this.#inherited = groups;
  }

  async #begin(): Promise<void> {
    this.#board ??= openBoard();
    await relieveOrphans(this.#addresses);
    for (const group of this.#inherited) {
      const place = this.#places[group];
      if (place === undefined) continue;
      const at = BOARD_GROUP_AT + place * BOARD_GROUP_FIELDS;
      this.#board.values[at + BOARD_GROUP.isActive] = 1;
      this.#board.values[at + BOARD_GROUP.advertisedMs] = monotonicMs();
    }
    this.#inherited = [];
    this.#acting = this.#spawn();
    this.#tellWorkers(this.#acting);
    this.#looker ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #assignPlaces(): void {
    const used = new Set(Object.values(this.#places));
    const groups = new Set(this.#addresses.map(({ group }) => group));
    for (const group of Object.keys(this.#places)) {
      if (!groups.has(group)) delete this.#places[group];
    }
    for (const group of groups) {
      if (this.#places[group] !== undefined) continue;
      let place = 0;
      while (used.has(place)) place++;
      if (place >= GROUPS_MAX) break;
      used.add(place);
      this.#places[group] = place;
    }
  }

  #planFrame(act: boolean) {
    const { addresses, places, version } = {
      addresses: this.#addresses,
      places: this.#places,
      version: ++this.#version,
    };
    return { type: 'plan', version, addresses, places, act, drainMs: this.#drainMs } as const;
  }

  #apply(): Promise<void> {
    const acting = this.#acting!;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end(
          new BallastError('BAL_ADDRESS_STATE', 'the guardian did not take the addresses in time'),
        );
      }, APPLY_LIMIT_MS);
      const end = (refused: BallastError | null): void => {
        clearTimeout(timer);
        this.#waiting = null;
        if (refused === null) resolve();
        else reject(refused);
      };
      this.#waiting = end;
      acting.send(this.#planFrame(true));
      acting.send({ type: 'tracks', tracks: this.#tracks });
    });
  }

  #spawn(): GuardianProcess {
    return new GuardianProcess({
      board: this.#board!.fd,
      onFrame: (guardian, frame) => this.#onFrame(guardian, frame),
      onExit: (guardian, how) => this.#onExit(guardian, how),
    });
  }

  #ensureSpare(): void {
    if (this.#isEnding || this.#spare !== null || this.#addresses.length === 0) return;
    this.#spare = this.#spawn();
  }

  #tellWorkers(guardian: GuardianProcess): void {
    for (const { index, fd } of this.#workers.values()) guardian.passMeters(index, fd);
    guardian.send({ type: 'workers', indices: [...this.#workers.keys()] });
  }

  #onFrame(guardian: GuardianProcess, frame: FromGuard): void {
    if (guardian !== this.#acting) return;
    switch (frame.type) {
      case 'standing':
        this.standing = frame.groups;
        break;
      case 'event':
        this.#tellEvent(frame);
        break;
      case 'applied':
        if (frame.version === this.#version) this.#waiting?.(null);
        break;
      case 'refused':
        this.#waiting?.(refusal(frame));
        break;
      case 'moved':
        this.#moves.get(frame.request)?.({ ok: frame.ok, outcome: frame.outcome });
        break;
      case 'stopped':
        this.#waiting?.(null);
        break;
      case 'steer':
        void this.#options
          .steer(frame.steerings)
          .then((ok) => guardian.send({ type: 'steered', request: frame.request, ok }));
        break;
      case 'hello':
        break;
      default:
        frame satisfies never;
    }
  }

  #tellEvent({ level, code, group, message }: Extract<FromGuard, { type: 'event' }>): void {
    this.#options.log[level]({ code, group }, message);
    this.#options.onEvent(addressEvent(level, group, message));
  }

  #onExit(guardian: GuardianProcess, how: string): void {
    if (guardian === this.#spare) {
      this.#spare = null;
      if (!this.#isEnding)
        setTimeout(() => this.#ensureSpare(), this.#respawn.died(guardian.livedMs));
      return;
    }
    if (guardian !== this.#acting) return;
    this.#acting = null;
    this.#waiting?.(new BallastError('BAL_ADDRESS_STATE', `the guardian ${how}`));
    if (this.#isEnding || this.#addresses.length === 0) return;
    this.restarts++;
    this.#options.log.error(
      { pid: guardian.pid, why: how },
      'the guardian is gone: the spare acts',
    );
    const waitMs = this.#respawn.died(guardian.livedMs);
    if (this.#spare?.isReady === true) this.#replace();
    else setTimeout(() => this.#replace(), waitMs);
  }

  #replace(): void {
    if (this.#isEnding || this.#acting !== null) return;
    this.#acting = this.#spare ?? this.#spawn();
    this.#spare = null;
    this.#watch.forgive(performance.now());
    this.#beginsMs = null;
    // What the dead one has silenced must answer when this one holds it.
    void this.#options.steer([]);
    this.#tellWorkers(this.#acting);
    this.#acting.send({ type: 'tracks', tracks: this.#tracks });
    this.#acting.send(this.#planFrame(true));
    this.#ensureSpare();
  }

  #look(): void {
    const acting = this.#acting;
    if (acting?.isReady !== true || this.#addresses.length === 0) return;
    const { values } = this.#board!;
    if (values[BOARD.pid] !== acting.pid) {
      // Until it has begun to act the board has the heart of another.
      this.#beginsMs ??= performance.now();
      const waitedMs = performance.now() - this.#beginsMs;
      if (waitedMs > BEGIN_MS) acting.kill(`hung: has not begun for ${Math.round(waitedMs)} ms`);
      return;
    }
    this.#beginsMs = null;
    const silentMs = this.#watch.look(values[BOARD.heartbeat]!, performance.now());
    if (silentMs > HUNG_AFTER_MS)
      acting.kill(`hung: no sign of life for ${Math.round(silentMs)} ms`);
  }

  #stopLooking(): void {
    if (this.#looker !== null) clearInterval(this.#looker);
    this.#looker = null;
  }

  async #endAll(): Promise<void> {
    const all = [this.#acting, this.#spare].filter((one) => one !== null);
    this.#stopLooking();
    this.#acting = this.#spare = null;
    this.standing = [];
    for (const one of all) one.send({ type: 'leave' });
    const timer = setTimeout(() => {
      for (const one of all) one.kill('did not leave in time');
    }, EXIT_MS);
    await Promise.all(all.map(({ exited }) => exited));
    clearTimeout(timer);
  }
}

function refusal({ code, message, hint }: Extract<FromGuard, { type: 'refused' }>): BallastError {
  return new BallastError(code, message, hint === '' ? {} : { hint });
}

function openBoard(): { readonly fd: number; readonly values: Float64Array } {
  const fd = createSharedMemory('guardian-board', BOARD_BYTES);
  return { fd, values: new Float64Array(mapShared(fd, BOARD_BYTES).buffer) };
}
